//! The users file while the service runs, and what keeps the service from starting.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use identity::embedded::{Config, Embedded, KeyError, OpenError, generate_key};
use identity::users::{self, UsersError};
use serde_json::json;

use crate::harness::{Ledger, Stack, by_password};

#[tokio::test]
async fn a_new_user_can_log_in_without_a_restart() {
    let stack = Stack::start();
    let auth = json!({ "identity": by_password("newcomer", "newcomer-password") });
    stack.post(auth.clone()).await.refused(401);
    let content = fs::read_to_string(stack.users_file()).unwrap();
    let user = "[[users]]\nname = \"newcomer\"\npassword = \"newcomer-password\"\n";
    stack.write_users(&format!("{content}{user}"));
    stack.post(auth).await.issued();
}

#[tokio::test]
async fn a_file_that_became_unusable_leaves_the_last_good_one_in_force() {
    let stack = Stack::start();
    let token = stack.token("demo", "demo").await;
    let good = fs::read_to_string(stack.users_file()).unwrap();
    for bad in ["[[users]", "[[users]]\nname = \"x\"\n", "colour = 1"] {
        stack.write_users(bad);
        stack.caller(&token).await.unwrap();
    }
    fs::remove_file(stack.users_file()).unwrap();
    stack.caller(&token).await.unwrap();
    stack.write_users(&good.replace("\"demo-password\"", "\"changed\""));
    fs::set_permissions(stack.users_file(), fs::Permissions::from_mode(0o644)).unwrap();
    stack.caller(&token).await.unwrap();
    // Made private again, the file is in force.
    fs::set_permissions(stack.users_file(), fs::Permissions::from_mode(0o600)).unwrap();
    stack.caller(&token).await.unwrap_err();
}

#[tokio::test]
async fn generated_files_are_enough_to_log_in() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        users_file: folder.path().join("users.toml"),
        key_file: folder.path().join("key"),
        public_url: None,
    };
    let open = || Embedded::open(&config, Arc::new(Ledger::default()));
    assert!(matches!(open(), Err(OpenError::Key(KeyError::File(_)))));
    generate_key(&config.key_file).unwrap();
    assert!(matches!(open(), Err(OpenError::Users(UsersError::File(_)))));
    let logins = users::generate(&config.users_file).unwrap();
    assert_eq!(logins.len(), 2);
    open().unwrap();
}

#[tokio::test]
async fn a_configuration_with_unknown_fields_is_refused() {
    let good = "users_file = \"/u\"\nkey_file = \"/k\"\npublic_url = \"https://db.example\"\n";
    assert!(toml::from_str::<Config>(good).is_ok());
    assert!(toml::from_str::<Config>(&format!("{good}extra = 1")).is_err());
    assert!(toml::from_str::<Config>(&good.replace("https", "gopher")).is_err());
}
