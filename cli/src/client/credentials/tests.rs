//! Which setting goes before which.

use super::*;
use std::collections::BTreeMap;
use std::fs;

const CLOUDS: &str = r#"
clouds:
  one:
    auth:
      auth_url: http://cloud/identity/v3
      username: cloud-user
      password: "cloud-secret"
      project_id: cloud-project-id
      user_domain_name: CloudDomain
    region_name: CloudRegion
    interface: internalURL
  two:
    auth_type: v3applicationcredential
    auth:
      auth_url: http://cloud:5000/
      application_credential_id: app
      application_credential_secret: app-secret
  three:
    verify: false
    auth: {auth_url: "http://cloud", username: u, password: p}
"#;

/// The credentials by these flags and variables, beside the clouds above.
fn find(flags: &Flags, env: &[(&str, &str)]) -> Outcome<Credentials> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("clouds.yaml");
    fs::write(&file, CLOUDS).unwrap();
    let mut all: BTreeMap<String, String> =
        env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    all.insert("OS_CLIENT_CONFIG_FILE".to_owned(), file.display().to_string());
    Credentials::from(flags, &|key| all.get(key).cloned())
}

fn named(name: &str, domain: &str) -> Named {
    Named::Name { name: name.to_owned(), domain: Domain::Name(domain.to_owned()) }
}

fn password(user: Named, password: &str) -> Proof {
    Proof::Password { user, password: Secret(password.to_owned()) }
}

#[test]
fn a_cloud_alone_is_enough() {
    let found = find(&Flags::default(), &[("OS_CLOUD", "one")]).unwrap();
    let expected = Credentials {
        auth_url: "http://cloud/identity/v3".to_owned(),
        proof: password(named("cloud-user", "CloudDomain"), "cloud-secret"),
        project: Some(Named::Id("cloud-project-id".to_owned())),
        region: Some("CloudRegion".to_owned()),
        interface: "internal".to_owned(),
        cacert: None,
    };
    assert_eq!(found, expected);
}

#[test]
fn the_environment_goes_before_the_cloud_and_flags_before_both() {
    let env = [
        ("OS_CLOUD", "two"),
        ("OS_USERNAME", "env-user"),
        ("OS_PROJECT_NAME", "env-project"),
        ("OS_REGION_NAME", "EnvRegion"),
    ];
    let flags = Flags {
        os_cloud: Some("one".to_owned()),
        os_region_name: Some("FlagRegion".to_owned()),
        ..Flags::default()
    };
    let found = find(&flags, &env).unwrap();
    assert_eq!(found.proof, password(named("env-user", "CloudDomain"), "cloud-secret"));
    // The cloud's id is not mixed into the environment's name.
    assert_eq!(found.project, Some(named("env-project", "Default")));
    assert_eq!(found.region.as_deref(), Some("FlagRegion"));
}

#[test]
fn the_environment_alone_is_enough_and_takes_no_cloud_nobody_named() {
    let env = [
        ("OS_AUTH_URL", "http://env:5000"),
        ("OS_USERNAME", "u"),
        ("OS_PASSWORD", "p"),
        ("OS_PROJECT_NAME", "x"),
    ];
    let found = find(&Flags::default(), &env).unwrap();
    assert_eq!(found.auth_url, "http://env:5000/v3");
    assert_eq!(found.proof, password(named("u", "Default"), "p"));
    assert_eq!((found.region, found.interface.as_str()), (None, "public"));
}

#[test]
fn tokens_and_application_credentials_log_in_too() {
    let env = [("OS_AUTH_URL", "http://e/v3/"), ("OS_AUTH_TYPE", "token"), ("OS_TOKEN", "t")];
    let found = find(&Flags::default(), &env).unwrap();
    assert_eq!(found.proof, Proof::Token(Secret("t".to_owned())));
    assert_eq!((found.auth_url.as_str(), found.project), ("http://e/v3", None));
    let found = find(&Flags::default(), &[("OS_CLOUD", "two"), ("OS_PROJECT_NAME", "x")]).unwrap();
    let secret = Secret("app-secret".to_owned());
    assert_eq!(found.proof, Proof::Application { id: "app".to_owned(), secret });
    assert_eq!(found.project, None, "it is for one project already");
}

#[test]
fn what_is_missing_is_named_with_what_could_be_chosen() {
    let failure = find(&Flags::default(), &[]).unwrap_err();
    assert_eq!(failure.kind, Kind::NotAllowed);
    let text = failure.to_string();
    assert!(text.contains("OS_AUTH_URL") && text.contains("one, three, two"), "{text}");
    let env = [("OS_AUTH_URL", "http://e"), ("OS_USERNAME", "u")];
    let text = find(&Flags::default(), &env).unwrap_err().to_string();
    assert!(text.contains("OS_PASSWORD is not set"), "{text}");
}

#[test]
fn what_can_not_be_done_is_refused_plainly() {
    for (env, word) in [
        ([("OS_CLOUD", "three"), ("X", "")], "verify"),
        ([("OS_CLOUD", "one"), ("OS_AUTH_TYPE", "v3oidcpassword")], "v3oidcpassword"),
        ([("OS_CLOUD", "one"), ("OS_AUTH_URL", "http://e/v2.0")], "version 2"),
        ([("OS_CLOUD", "one"), ("OS_AUTH_URL", "example")], "no address"),
    ] {
        let failure = find(&Flags::default(), &env).unwrap_err();
        assert_eq!(failure.kind, Kind::Usage, "{failure}");
        assert!(failure.to_string().contains(word), "{failure}");
    }
}

#[test]
fn no_secret_is_shown() {
    let found = find(&Flags::default(), &[("OS_CLOUD", "one")]).unwrap();
    assert!(!format!("{found:?}").contains("cloud-secret"));
}
