//! The log of a process, which writes to it by itself: bounded, and its end shown in errors.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// A log longer than this is moved aside; one earlier part is kept.
const BYTES_MAX: u64 = 32 << 20;
/// How much of a log an error shows.
const SHOWN_BYTES: u64 = 2000;

/// Moves a log aside that is too long. Its writer appends, so it goes on at the beginning.
pub(crate) fn bound(log: &Path) -> std::io::Result<()> {
    match fs::metadata(log) {
        Ok(metadata) if metadata.len() > BYTES_MAX => {
            fs::copy(log, log.with_extension("log.1"))?;
            OpenOptions::new().write(true).open(log)?.set_len(0)
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The end of a log, as far as it can be read.
pub(crate) fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(SHOWN_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_else(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_long_log_is_moved_aside_and_its_writer_goes_on_at_the_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("part.log");
        let mut writer = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        writer.write_all(b"short\n").unwrap();
        bound(&log).unwrap();
        assert_eq!(tail(&log), "short\n");
        writer.set_len(BYTES_MAX + 1).unwrap();
        bound(&log).unwrap();
        writer.write_all(b"again\n").unwrap();
        assert_eq!(fs::read_to_string(&log).unwrap(), "again\n");
        assert_eq!(fs::metadata(log.with_extension("log.1")).unwrap().len(), BYTES_MAX + 1);
    }
}
