//! What an instance's logs hold: how much, and what they end with.
//!
//! # Invariants
//! - A log is a plain file under a name that only the plane chooses: whatever else stands there is
//!   not read, since in most levels of isolation the server could have put it there.
//! - An answer fits into a message of the bus, whatever a log holds.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use domain::engine::{Line, Log, Source};
use domain::guest::LogSize;
use domain::guest_spec::{GuestSpec, Layout};

use crate::files;
use crate::part::Part;

/// The most of a log that one answer holds, in bytes; what is no text takes three times that.
const TAIL_MAX: u64 = 128 << 10;
/// The most lines of one answer.
const LINES_MAX: u32 = 1000;

/// How much there is of each log.
pub(crate) fn sizes(spec: &GuestSpec) -> Vec<LogSize> {
    let of = |path: PathBuf| fs::symlink_metadata(path).map_or(0, |metadata| metadata.len());
    let size = |log: &Log| {
        let (path, whose) = place(spec, *log);
        let bytes = match whose {
            None => of(path.clone()) + of(aside(&path)),
            Some(whose) => part_of(spec, &path, whose, u64::MAX)
                .map_or(0, |lines| lines.iter().map(|line| bytes_of(line)).sum()),
        };
        LogSize { log: *log, bytes }
    };
    spec.manager.logs().iter().map(size).collect()
}

/// The last lines of a log, the oldest first; none of one that was never written.
pub(crate) fn tail(spec: &GuestSpec, log: Log, lines: u32) -> io::Result<Vec<String>> {
    let lines = lines.min(LINES_MAX);
    match place(spec, log) {
        (path, None) => last_lines(&path, lines),
        (path, Some(whose)) => {
            let mut part = part_of(spec, &path, whose, TAIL_MAX)?;
            let wanted = usize::try_from(lines).unwrap_or(usize::MAX);
            Ok(part.split_off(part.len().saturating_sub(wanted)))
        }
    }
}

/// The file that a log is in, and whose lines in it are the log's; all of them when nobody is
/// named.
fn place(spec: &GuestSpec, log: Log) -> (PathBuf, Option<Line>) {
    match spec.manager.log_source(log) {
        Source::OwnFile => (own_file(spec, log), None),
        Source::Output => (Part::Server.log(spec), None),
        Source::PartOfOutput(whose) => (Part::Server.log(spec), Some(whose)),
        Source::Agent => (Part::Agent.log(spec), None),
    }
}

fn own_file(spec: &GuestSpec, log: Log) -> PathBuf {
    let layout = Layout(&spec.directory);
    log.of_user().map_or_else(|| Part::Server.log(spec), |log| layout.log(log))
}

/// The lines in a file that tell of somebody, the last ones that are `most` bytes together.
fn part_of(spec: &GuestSpec, path: &Path, whose: Line, most: u64) -> io::Result<Vec<String>> {
    let mut kept = VecDeque::new();
    let (mut bytes, mut is_of_part) = (0, false);
    for file in [aside(path), path.to_owned()] {
        let file = match files::open_plain(&file) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            is_of_part = match spec.manager.line(&line) {
                Line::Further => is_of_part,
                found @ (Line::OfServer | Line::OfSession) => found == whose,
            };
            if !is_of_part {
                continue;
            }
            bytes += bytes_of(&line);
            kept.push_back(line);
            while bytes > most && kept.len() > 1 {
                bytes -= kept.pop_front().map_or(0, |line| bytes_of(&line));
            }
        }
    }
    let mut lines = Vec::from(kept);
    if bytes > most
        && let Some(line) = lines.first_mut()
    {
        // One line alone is longer than all that is told.
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        *line = line[..line.floor_char_boundary(most)].to_owned();
    }
    Ok(lines)
}

fn bytes_of(line: &str) -> u64 {
    u64::try_from(line.len()).unwrap_or(u64::MAX).saturating_add(1)
}

/// Where the shim puts what has become too long.
fn aside(path: &Path) -> PathBuf {
    files::with_suffix(path, ".1")
}

fn last_lines(path: &Path, lines: u32) -> io::Result<Vec<String>> {
    let (mut end, mut is_whole) = end_of(path, TAIL_MAX)?;
    let room = TAIL_MAX.saturating_sub(u64::try_from(end.len()).unwrap_or(u64::MAX));
    if is_whole {
        let (mut before, whole) = end_of(&aside(path), room)?;
        before.append(&mut end);
        (end, is_whole) = (before, whole);
    }
    let text = String::from_utf8_lossy(&end);
    let text = match text.split_once('\n') {
        // Less than a line would be left of a statement that is longer than all of this.
        Some((_, rest)) if !is_whole && !rest.is_empty() => rest,
        Some(_) | None => &text,
    };
    let wanted = usize::try_from(lines).unwrap_or(usize::MAX);
    let skipped = text.lines().count().saturating_sub(wanted);
    Ok(text.lines().skip(skipped).map(str::to_owned).collect())
}

/// The last `most` bytes of a file, and whether that is all of it; nothing of one that is not
/// there.
fn end_of(path: &Path, most: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut file: File = match files::open_plain(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), true)),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut end = Vec::new();
    file.take(most).read_to_end(&mut end)?;
    Ok((end, length <= most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_go_back_into_what_was_put_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        assert_eq!(last_lines(&path, 5).unwrap(), [""; 0]);
        fs::write(aside(&path), "one\ntwo\n").unwrap();
        assert_eq!(last_lines(&path, 5).unwrap(), ["one", "two"]);
        fs::write(&path, "three\n\nfive").unwrap();
        assert_eq!(last_lines(&path, 4).unwrap(), ["two", "three", "", "five"]);
        assert_eq!(last_lines(&path, 0).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_too_long_or_no_text_is_cut_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        fs::write(&path, [b"x\n".repeat(200_000).as_slice(), b"\xff\xfe\n"].concat()).unwrap();
        let lines = last_lines(&path, u32::MAX).unwrap();
        assert!(lines.len() < 70_000 && lines.iter().rev().skip(1).all(|line| line == "x"));
        assert_eq!(lines.last().unwrap(), "\u{fffd}\u{fffd}");
        fs::write(&path, [b"first\n".as_slice(), &b"y".repeat(1 << 20), b"\n"].concat()).unwrap();
        let line = last_lines(&path, 9).unwrap().remove(0);
        assert!(line.len() > 100_000 && line.chars().all(|c| c == 'y'));
    }

    #[test]
    fn what_is_no_plain_file_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let (secret, path) = (directory.path().join("secret"), directory.path().join("log"));
        fs::write(&secret, "password\n").unwrap();
        std::os::unix::fs::symlink(&secret, &path).unwrap();
        assert!(last_lines(&path, 9).is_err());
        fs::remove_file(&path).unwrap();
        fs::hard_link(&secret, &path).unwrap();
        assert!(last_lines(&path, 9).is_err());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(last_lines(&path, 9).is_err());
    }
}
