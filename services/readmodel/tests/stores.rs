//! The contract of a projection store, run by every adapter.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use readmodel::sled_store::SledStore;
use readmodel::{Batch, MemoryStore, ProjectionStore};

fn batch(puts: &[(&str, &str)], removals: &[&str]) -> Batch {
    let bytes = |text: &str| text.as_bytes().to_vec();
    Batch {
        puts: puts.iter().map(|(key, value)| (bytes(key), bytes(value))).collect(),
        removals: removals.iter().map(|key| bytes(key)).collect(),
    }
}

fn keys(store: &dyn ProjectionStore, prefix: &str, after: &str, limit: usize) -> Vec<String> {
    let entries = store.scan(prefix.as_bytes(), after.as_bytes(), limit).unwrap();
    entries.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect()
}

fn contract(store: &dyn ProjectionStore) {
    assert_eq!(store.get(b"a1").unwrap(), None);
    store.write(batch(&[("a1", "x"), ("a2", "y"), ("b1", "z"), ("a3", "w")], &[])).unwrap();
    assert_eq!(store.get(b"a2").unwrap().as_deref(), Some(&b"y"[..]));
    assert_eq!(keys(store, "a", "", 10), ["a1", "a2", "a3"]);
    assert_eq!(keys(store, "a", "", 2), ["a1", "a2"]);
    assert_eq!(keys(store, "a", "a1", 10), ["a2", "a3"], "the key itself is not repeated");
    assert_eq!(keys(store, "a", "a15", 10), ["a2", "a3"], "a key that is gone still marks a place");
    assert_eq!(keys(store, "", "", 10).len(), 4);

    store.write(batch(&[("a1", "new")], &["a1", "a2"])).unwrap();
    assert_eq!(store.get(b"a1").unwrap().as_deref(), Some(&b"new"[..]), "removals come first");
    assert_eq!(store.get(b"a2").unwrap(), None);
    store.flush().unwrap();
    store.clear().unwrap();
    assert_eq!(keys(store, "", "", 10), [""; 0]);
}

#[test]
fn a_store_in_memory_keeps_the_contract() {
    contract(&MemoryStore::default());
}

#[test]
fn a_store_on_disk_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract(&SledStore::open(&dir.path().join("rows"), 1 << 20).unwrap());
}

#[test]
fn a_store_on_disk_is_there_again_and_is_made_anew_when_its_files_are_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows");
    let store = SledStore::open(&path, 1 << 20).unwrap();
    store.write(batch(&[("a", "1")], &[])).unwrap();
    store.flush().unwrap();
    drop(store);
    let store = SledStore::open(&path, 1 << 20).unwrap();
    assert_eq!(store.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
    drop(store);

    std::fs::write(path.join("conf"), "not a sled configuration").unwrap();
    let store = SledStore::open(&path, 1 << 20).unwrap();
    assert_eq!(store.get(b"a").unwrap(), None);
}
