//! Logs that others write and the shim bounds.
//!
//! A tenant decides how much its server has to say (each refused login is a line), so a log must
//! not grow as it likes. Writers append, so cutting a file under them is safe; what they say
//! between copy and cut is lost.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::files::{self, Access};

/// A log longer than this is put aside, in bytes.
const SIZE_MAX: u64 = 8 << 20;

/// Opens a log to be appended to.
pub(crate) fn open(path: &Path, group: Option<u32>) -> io::Result<File> {
    files::open_own(path, Access::readable_by(group))
}

/// Puts the content of a log that has become too long into `<path>.1`, in place of the last one.
pub(crate) fn bound(path: &Path, group: Option<u32>) -> io::Result<()> {
    let long = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.len() > SIZE_MAX);
    if !long {
        return Ok(());
    }
    let mut log = open(path, group)?;
    let aside = files::with_suffix(path, ".1");
    files::remove(&aside)?;
    io::copy(&mut log, &mut files::create(&aside, Access::readable_by(group))?)?;
    log.set_len(0)
}

/// The last `bytes` of a log, from a line's start on.
pub(crate) fn tail(path: &Path, bytes: u64) -> io::Result<String> {
    let mut log = File::open(path)?;
    let length = log.metadata()?.len();
    log.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
    let mut end = Vec::new();
    log.take(bytes).read_to_end(&mut end)?;
    let text = String::from_utf8_lossy(&end);
    match text.split_once('\n') {
        Some((_, rest)) if length > bytes => Ok(rest.to_owned()),
        _ => Ok(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_long_log_is_put_aside_under_its_writer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut writer = open(&path, None).unwrap();
        writer.write_all(b"short").unwrap();
        bound(&path, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 5);
        writer.write_all(&vec![b'x'; 9 << 20]).unwrap();
        bound(&path, None).unwrap();
        writer.write_all(b"after").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert!(fs::metadata(directory.path().join("log.1")).unwrap().len() > SIZE_MAX);
    }

    #[test]
    fn a_tail_begins_with_a_whole_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&path, 9).unwrap(), "three\n");
        assert_eq!(tail(&path, 100).unwrap(), "one\ntwo\nthree\n");
    }
}
