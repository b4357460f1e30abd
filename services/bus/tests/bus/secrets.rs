//! Secrets are stored once, outlive the server, and are gone from the disk when erased.

use crate::on_every_server;
use crate::rig::{Rig, eventually};
use async_nats::jetstream::{self, stream};
use bus::secrets::{SECRET_BYTES_MAX, SecretError, SecretStore};
use domain::ids::SecretId;
use domain::secret::{Sealed, StoredSecret};
use proto::subjects;
use std::fs;
use std::path::Path;
use uuid::Uuid;

fn secret(content: &[u8]) -> StoredSecret {
    StoredSecret { id: SecretId(Uuid::now_v7()), sealed: Sealed(content.to_vec()) }
}

async fn store(rig: &Rig) -> SecretStore {
    let store = SecretStore::new(rig.taskmanager().await);
    store.ensure_stream().await.unwrap();
    store
}

/// Whether any file below `directory` holds `content`.
fn is_on_disk(directory: &Path, content: &[u8]) -> bool {
    fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            is_on_disk(&path, content)
        } else {
            // The server replaces files while we look.
            let bytes = fs::read(&path).unwrap_or_default();
            bytes.windows(content.len()).any(|window| window == content)
        }
    })
}

on_every_server! {
    async fn what_is_stored_can_be_read_until_it_is_erased(rig: Rig) {
        let store = store(&rig).await;
        let (one, two) = (secret(b"one"), secret(b"two"));
        assert_eq!(store.list().await.unwrap(), []);
        assert_eq!(store.get(one.id).await.unwrap(), None);
        store.put(&one).await.unwrap();
        store.put(&two).await.unwrap();
        assert_eq!(store.get(one.id).await.unwrap(), Some(one.sealed.clone()));
        let listed = store.list().await.unwrap();
        assert_eq!(listed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [one.id, two.id]);
        assert!(listed[0].1 <= listed[1].1 && listed[0].1.0 > 1_700_000_000_000, "{listed:?}");
        store.erase(one.id).await.unwrap();
        store.erase(one.id).await.unwrap();
        assert_eq!(store.get(one.id).await.unwrap(), None);
        assert_eq!(store.get(two.id).await.unwrap(), Some(two.sealed.clone()));
        assert_eq!(store.list().await.unwrap().len(), 1);
    }

    async fn a_repeated_put_changes_nothing(rig: Rig) {
        let store = store(&rig).await;
        let first = secret(b"first");
        let other = StoredSecret { sealed: Sealed(b"other".to_vec()), ..first.clone() };
        for repeat in [&first, &first, &other] {
            store.put(repeat).await.unwrap();
        }
        assert_eq!(store.get(first.id).await.unwrap(), Some(first.sealed.clone()));
        assert_eq!(store.list().await.unwrap().len(), 1);
        // A late repeat brings an erased one back: the sweep finds it.
        store.erase(first.id).await.unwrap();
        store.put(&first).await.unwrap();
        assert_eq!(store.list().await.unwrap().len(), 1);
    }

    async fn several_may_erase_the_same_at_once(rig: Rig) {
        let store = store(&rig).await;
        for _ in 0..20 {
            let secret = secret(b"one");
            store.put(&secret).await.unwrap();
            let erased = futures::future::join_all((0..3).map(|_| store.erase(secret.id))).await;
            erased.into_iter().for_each(|outcome| outcome.unwrap());
        }
        assert_eq!(store.list().await.unwrap(), []);
    }

    async fn an_erased_secret_is_nowhere_on_the_disk(rig: Rig) {
        let store = store(&rig).await;
        let (gone, stays) = (secret(b"ciphertext that goes"), secret(b"ciphertext that stays"));
        store.put(&gone).await.unwrap();
        store.put(&stays).await.unwrap();
        let directory = rig.server.store_dir();
        for secret in [&gone, &stays] {
            eventually("it is on the disk", async || is_on_disk(&directory, &secret.sealed.0)).await;
        }
        store.erase(gone.id).await.unwrap();
        eventually("it is overwritten", async || !is_on_disk(&directory, &gone.sealed.0)).await;
        rig.server.kill();
        assert!(!is_on_disk(&directory, &gone.sealed.0));
        assert!(is_on_disk(&directory, &stays.sealed.0));
    }

    async fn secrets_survive_a_crash_of_the_server(rig: Rig) {
        let store = store(&rig).await;
        let (stays, goes) = (secret(b"stays"), secret(b"goes"));
        store.put(&stays).await.unwrap();
        store.put(&goes).await.unwrap();
        store.erase(goes.id).await.unwrap();
        rig.server.kill();
        let away = store.get(stays.id).await.unwrap_err();
        assert!(matches!(away, SecretError::Unavailable(_)), "{away}");
        rig.server.relaunch();
        eventually("the stream is back", async || store.ensure_stream().await.is_ok()).await;
        eventually("it can be read", async || store.get(stays.id).await.is_ok()).await;
        assert_eq!(store.get(stays.id).await.unwrap(), Some(stays.sealed.clone()));
        assert_eq!(store.get(goes.id).await.unwrap(), None);
        store.put(&stays).await.unwrap();
        assert_eq!(store.list().await.unwrap().len(), 1);
    }

    async fn a_secret_of_the_largest_size_fits_and_a_larger_one_is_refused(rig: Rig) {
        let store = store(&rig).await;
        store.put(&secret(&[7; SECRET_BYTES_MAX])).await.unwrap();
        let refused = store.put(&secret(&[7; SECRET_BYTES_MAX + 1])).await.unwrap_err();
        assert!(matches!(refused, SecretError::TooLarge { .. }), "{refused}");
    }

    async fn a_stream_with_other_settings_is_set_right_or_refused(rig: Rig) {
        let jetstream = jetstream::new(rig.taskmanager().await);
        let other = |storage| stream::Config {
            name: subjects::STREAM_SECRETS.to_owned(),
            subjects: vec!["trove.secret.>".to_owned()],
            storage,
            ..stream::Config::default()
        };
        jetstream.create_stream(other(stream::StorageType::File)).await.unwrap();
        let store = store(&rig).await;
        store.ensure_stream().await.unwrap();
        store.put(&secret(b"content")).await.unwrap();
        jetstream.delete_stream(subjects::STREAM_SECRETS).await.unwrap();
        jetstream.create_stream(other(stream::StorageType::Memory)).await.unwrap();
        store.ensure_stream().await.unwrap_err();
    }
}
