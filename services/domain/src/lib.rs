//! The pure core: ids, aggregates, processes and the documents exchanged with guests.
