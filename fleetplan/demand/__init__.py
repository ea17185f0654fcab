"""Who wants what: stops from files, frames and samples."""
