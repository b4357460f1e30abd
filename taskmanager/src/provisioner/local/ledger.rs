//! The highest fence of each instance, on disk, and the lock that one worker at a time holds.
//!
//! A file per instance, only ever appended to: `kept <fence>` or, when all of the instance was
//! removed, `gone <fence>`. The last whole line counts; a torn one was never relied upon, since
//! an effect begins after its line is on disk.
//!
//! # Invariants
//! - The lock is on the file itself and excludes other tasks and other processes alike; the
//!   kernel frees it with its holder.
//! - A holder that hangs is ended by the next worker, never passed by.
//! - A fence never goes down. After `gone`, only a higher fence may make something again.

use super::super::ProvisionError;
use super::error::HostError;
use super::files;
use super::holder;
use super::process::holds_until;
use domain::ids::InstanceId;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// The directory of all fences.
#[derive(Debug)]
pub(crate) struct Ledger {
    directory: PathBuf,
}

/// An instance that nobody else acts upon until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    file: File,
    path: PathBuf,
    last: Option<Entry>,
}

/// What a ledger says of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Something of it may be there.
    Kept(u64),
    /// Everything of it was removed.
    Gone(u64),
}

impl Entry {
    /// The fence.
    pub(crate) fn fence(self) -> u64 {
        match self {
            Self::Kept(fence) | Self::Gone(fence) => fence,
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let (word, fence) = line.split_once(' ')?;
        let fence = fence.parse().ok()?;
        match word {
            "kept" => Some(Self::Kept(fence)),
            "gone" => Some(Self::Gone(fence)),
            _ => None,
        }
    }

    fn line(self) -> String {
        match self {
            Self::Kept(fence) => format!("kept {fence}\n"),
            Self::Gone(fence) => format!("gone {fence}\n"),
        }
    }
}

impl Ledger {
    /// The ledger in `directory`, which must be there.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Waits for `patience` until nobody else acts upon the instance. Who still does so then,
    /// though `fence` is of a later claim, hangs: it is ended, since it may go on at any moment
    /// and its lock can't be taken from it.
    pub(crate) fn hold(
        &self,
        id: InstanceId,
        fence: u64,
        patience: Duration,
    ) -> Result<Held, HostError> {
        if let Some(held) = self.wait(id, patience)? {
            return Ok(held);
        }
        let path = self.directory.join(id.to_string());
        let mut file = open(&path)?;
        let known = last_entry(&content(&mut file, &path)?, &path)?.map(Entry::fence);
        if known.is_none_or(|known| known < fence) && holder::end(&file, patience)? {
            tracing::warn!(instance_id = %id, fence, "A worker that hung was ended.");
            return self.wait(id, patience)?.ok_or(HostError::Busy(id));
        }
        Err(HostError::Busy(id))
    }

    fn wait(&self, id: InstanceId, patience: Duration) -> Result<Option<Held>, HostError> {
        let limit = Instant::now() + patience;
        let mut outcome = Ok(None);
        holds_until(limit, || {
            outcome = self.try_hold(id);
            !matches!(outcome, Ok(None))
        });
        outcome
    }

    /// The instance, unless somebody else acts upon it.
    pub(crate) fn try_hold(&self, id: InstanceId) -> Result<Option<Held>, HostError> {
        let path = self.directory.join(id.to_string());
        loop {
            let mut file = open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => {
                    return Err(HostError::io("lock", &path)(error));
                }
            }
            let metadata = file.metadata().map_err(HostError::io("look at", &path))?;
            // Swept between opening and locking: the lock is on a file that nobody finds.
            if metadata.nlink() == 0 {
                continue;
            }
            if metadata.len() == 0 {
                files::sync_dir(&self.directory)?;
            }
            let last = read(&mut file, &path)?;
            return Ok(Some(Held { file, path, last }));
        }
    }

    /// Forgets tombstones older than `age` of which `is_absent` says that nothing is left.
    pub(crate) fn sweep(
        &self,
        age: Duration,
        is_absent: impl Fn(InstanceId) -> bool,
    ) -> Result<(), HostError> {
        for name in files::names(&self.directory)? {
            let Ok(id) = name.parse() else { continue };
            let Some(held) = self.try_hold(id)? else {
                continue;
            };
            let written = held
                .file
                .metadata()
                .and_then(|metadata| metadata.modified())
                .map_err(HostError::io("look at", &held.path))?;
            let is_old = SystemTime::now().duration_since(written).is_ok_and(|since| since > age);
            let is_tombstone = !matches!(held.last, Some(Entry::Kept(_)));
            if is_old && is_tombstone && is_absent(id) {
                files::remove(&held.path)?;
            }
        }
        Ok(())
    }
}

impl Held {
    /// What the ledger says of the instance.
    pub(crate) fn last(&self) -> Option<Entry> {
        self.last
    }

    /// The lock, to be shared with a program that works on the instance.
    pub(crate) fn lock(&self) -> &File {
        &self.file
    }

    /// Lets an effect begin that makes something.
    pub(crate) fn begin_making(&mut self, fence: u64) -> Result<(), ProvisionError> {
        match self.last {
            Some(Entry::Gone(known)) if fence <= known => {
                Err(ProvisionError::Stale { fence, known })
            }
            Some(_) | None => self.begin(fence, Entry::Kept(fence)),
        }
    }

    /// Lets an effect begin that removes something; what is gone stays gone.
    pub(crate) fn begin_removing(&mut self, fence: u64) -> Result<(), ProvisionError> {
        match self.last {
            Some(Entry::Gone(_)) => self.begin(fence, Entry::Gone(fence)),
            Some(Entry::Kept(_)) | None => self.begin(fence, Entry::Kept(fence)),
        }
    }

    /// Writes the tombstone.
    pub(crate) fn bury(&mut self, fence: u64) -> Result<(), ProvisionError> {
        self.begin(fence, Entry::Gone(fence))
    }

    fn begin(&mut self, fence: u64, entry: Entry) -> Result<(), ProvisionError> {
        match self.last {
            Some(last) if fence < last.fence() => {
                Err(ProvisionError::Stale { fence, known: last.fence() })
            }
            Some(last) if last == entry => Ok(()),
            Some(_) | None => {
                self.file
                    .write_all(entry.line().as_bytes())
                    .and_then(|()| self.file.sync_all())
                    .map_err(HostError::io("append to", &self.path))?;
                self.last = Some(entry);
                Ok(())
            }
        }
    }
}

fn open(path: &Path) -> Result<File, HostError> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(HostError::io("open", path))
}

/// The last whole line; a torn one behind it is cut off, so that the next starts a line.
fn read(file: &mut File, path: &Path) -> Result<Option<Entry>, HostError> {
    let text = content(file, path)?;
    let whole = whole(&text).len();
    if whole < text.len() {
        file.set_len(u64::try_from(whole).expect("a length in memory fits"))
            .map_err(HostError::io("cut", path))?;
    }
    last_entry(&text, path)
}

fn content(file: &mut File, path: &Path) -> Result<Vec<u8>, HostError> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))
        .and_then(|_| file.read_to_end(&mut text))
        .map_err(HostError::io("read", path))?;
    Ok(text)
}

fn whole(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    &text[..end]
}

fn last_entry(text: &[u8], path: &Path) -> Result<Option<Entry>, HostError> {
    let text = String::from_utf8_lossy(whole(text));
    let Some(line) = text.lines().last() else {
        return Ok(None);
    };
    Entry::parse(line)
        .map(Some)
        .ok_or(HostError::Foreign { path: path.to_owned(), wanted: "a record of fences" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ID: InstanceId = InstanceId(Uuid::from_u128(7));

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(directory.path().to_owned());
        (directory, ledger)
    }

    fn hold(ledger: &Ledger) -> Held {
        ledger.try_hold(ID).unwrap().unwrap()
    }

    #[test]
    fn a_fence_outlives_its_writer_and_refuses_lower_ones() {
        let (_directory, ledger) = ledger();
        hold(&ledger).begin_making(5).unwrap();
        let mut held = hold(&ledger);
        assert!(matches!(held.begin_making(4), Err(ProvisionError::Stale { fence: 4, known: 5 })));
        held.begin_making(5).unwrap();
        held.begin_removing(6).unwrap();
        assert_eq!(hold_after(held, &ledger).last(), Some(Entry::Kept(6)));
    }

    #[test]
    fn what_was_buried_is_made_again_by_a_higher_fence_only() {
        let (_directory, ledger) = ledger();
        let mut held = hold(&ledger);
        held.bury(5).unwrap();
        assert!(matches!(held.begin_making(5), Err(ProvisionError::Stale { .. })));
        held.begin_removing(7).unwrap();
        let mut held = hold_after(held, &ledger);
        assert_eq!(held.last(), Some(Entry::Gone(7)));
        held.begin_making(8).unwrap();
        assert_eq!(held.last(), Some(Entry::Kept(8)));
    }

    #[test]
    fn a_torn_line_counts_for_nothing() {
        let (directory, ledger) = ledger();
        std::fs::write(directory.path().join(ID.to_string()), "kept 5\ngone").unwrap();
        let mut held = hold(&ledger);
        assert_eq!(held.last(), Some(Entry::Kept(5)));
        held.begin_making(6).unwrap();
        assert_eq!(hold_after(held, &ledger).last(), Some(Entry::Kept(6)));
    }

    #[test]
    fn one_holder_excludes_another() {
        let (_directory, ledger) = ledger();
        let held = hold(&ledger);
        assert!(ledger.try_hold(ID).unwrap().is_none());
        assert!(matches!(ledger.hold(ID, 9, Duration::from_millis(20)), Err(HostError::Busy(ID))));
        hold_after(held, &ledger);
    }

    #[test]
    fn an_old_tombstone_is_swept_and_a_kept_fence_is_not() {
        let (_directory, ledger) = ledger();
        hold(&ledger).bury(5).unwrap();
        ledger.sweep(Duration::from_secs(60), |_| true).unwrap();
        assert_eq!(hold(&ledger).last(), Some(Entry::Gone(5)), "too young");
        ledger.sweep(Duration::ZERO, |_| false).unwrap();
        assert_eq!(hold(&ledger).last(), Some(Entry::Gone(5)), "not empty");
        ledger.sweep(Duration::ZERO, |_| true).unwrap();
        assert_eq!(hold(&ledger).last(), None);
        hold(&ledger).begin_making(1).unwrap();
        ledger.sweep(Duration::ZERO, |_| true).unwrap();
        assert_eq!(hold(&ledger).last(), Some(Entry::Kept(1)));
    }

    fn hold_after(held: Held, ledger: &Ledger) -> Held {
        drop(held);
        hold(ledger)
    }
}
