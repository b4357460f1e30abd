//! What is kept on disk, and that everything derived from it repeats.

use super::*;
use domain::ids::InstanceId;
use std::fs;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn an_authority_is_made_once_and_comes_back_the_same() {
    let directory = directory();
    let home = directory.path().join("authority");
    let first = Authority::create(&home).unwrap();
    for again in [Authority::create(&home).unwrap(), Authority::open(&home).unwrap()] {
        assert_eq!(again.operator_token(), first.operator_token());
        assert_eq!(again.accounts(), first.accounts());
        for identity in [Identity::Gateway, Identity::Taskmanager, Identity::Launcher] {
            assert_eq!(again.credentials(identity).text(), first.credentials(identity).text());
        }
    }
    assert_eq!(fs::read_dir(&home).unwrap().count(), 1);
}

#[test]
fn racing_creators_agree_on_one_authority() {
    let directory = directory();
    let home = directory.path().join("authority");
    let accounts: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> =
            (0..8).map(|_| scope.spawn(|| Authority::create(&home).unwrap().accounts())).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert!(accounts.iter().all(|account| *account == accounts[0]), "{accounts:?}");
}

#[test]
fn the_draft_of_a_creator_that_died_is_no_obstacle() {
    let directory = directory();
    let home = directory.path().join("authority");
    private_file::ensure_directory(&home).unwrap();
    fs::write(home.join(".authority.json.0011223344556677"), b"{\"born\": 1").unwrap();
    Authority::create(&home).unwrap();
}

#[test]
fn a_damaged_authority_is_refused_and_left_alone() {
    let directory = directory();
    let home = directory.path().join("authority");
    Authority::create(&home).unwrap();
    let path = home.join(FILE);
    private_file::replace(&path, b"{}").unwrap();
    let refused = Authority::create(&home).unwrap_err();
    assert!(matches!(refused, PrivateFileError::Malformed { .. }), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), b"{}");
}

#[test]
fn opening_nothing_says_that_nothing_is_there() {
    let directory = directory();
    assert!(Authority::open(directory.path()).unwrap_err().is_missing());
}

#[test]
fn the_guest_mint_holds_no_key_but_its_own() {
    let directory = directory();
    let home = directory.path().join("authority");
    let authority = Authority::create(&home).unwrap();
    let path = directory.path().join("guest-mint.json");
    authority.write_guest_mint(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(&authority.guests.seed().unwrap()));
    for key in [&authority.operator, &authority.system, &authority.plane, &authority.gateways] {
        assert!(!text.contains(&key.seed().unwrap()));
    }
    let guest = InstanceId("0198c1a2-0000-7000-8000-000000000001".parse().unwrap());
    let mint = GuestMint::open(&path).unwrap();
    let (first, second) = (mint.mint(guest), mint.mint(guest));
    assert_ne!(first.key().public_key(), second.key().public_key());
    assert_eq!(format!("{mint:?} {authority:?}"), "GuestMint(..) Authority(..)");
}
