//! `clouds.yaml`, as OpenStack's clients read it: which file, and what it says of one cloud.
//!
//! `secure.yaml` beside it may hold the secrets. Profiles of vendors are not known here.

use super::yaml::{self, Node};
use crate::failure::{Failure, Outcome};
use std::fs;
use std::path::{Path, PathBuf};

const FILES: [&str; 2] = ["clouds.yaml", "clouds.yml"];
const SECRETS: [&str; 2] = ["secure.yaml", "secure.yml"];
const WHAT: &str = "read the clouds";
/// More is no file of this kind.
const BYTES_MAX: u64 = 1024 * 1024;

/// What the files say of one cloud.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Cloud {
    file: Node,
    secrets: Option<Node>,
}

impl Cloud {
    /// A setting, wherever it stands: secrets first, then `auth`, then the cloud itself.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        [self.secrets.as_ref(), Some(&self.file)].into_iter().flatten().find_map(|node| {
            let inner = node.get("auth").and_then(|auth| auth.get(key));
            inner.or_else(|| node.get(key)).and_then(Node::text)
        })
    }
}

/// Where to look for `clouds.yaml`: the one that is named, or the first of the usual places.
pub(crate) fn places(env: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    if let Some(file) = env("OS_CLIENT_CONFIG_FILE") {
        return vec![PathBuf::from(file)];
    }
    let own = env("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| env("HOME").map(|home| Path::new(&home).join(".config")));
    let directories = [
        Some(PathBuf::from(".")),
        own.map(|path| path.join("openstack")),
        Some(PathBuf::from("/etc/openstack")),
    ];
    let directories = directories.into_iter().flatten();
    directories.flat_map(|directory| FILES.map(|name| directory.join(name))).collect()
}

/// The cloud of that name; without a name the only one there is. Nothing without a file, unless
/// a cloud is named.
pub(crate) fn find(places: &[PathBuf], name: Option<&str>) -> Outcome<Option<Cloud>> {
    let Some(path) = places.iter().find(|path| path.is_file()) else {
        let Some(name) = name else { return Ok(None) };
        let looked = places.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        let why = format!("there is no clouds.yaml for the cloud {name}");
        return Err(
            Failure::usage(WHAT, why).advise(format!("it may be one of {}", looked.join(", ")))
        );
    };
    let file = read(path)?;
    let clouds = match file.get("clouds") {
        Some(Node::Map(clouds)) => clouds.clone(),
        Some(Node::Text(_) | Node::List(_)) | None => Default::default(),
    };
    let names = || clouds.keys().cloned().collect::<Vec<_>>().join(", ");
    let (name, cloud) = match (name, clouds.len()) {
        (Some(name), _) => match clouds.get_key_value(name) {
            Some(found) => found,
            None => {
                let why = format!("{} has no cloud {name}", path.display());
                return Err(Failure::usage(WHAT, why).advise(format!("it has: {}", names())));
            }
        },
        (None, 1) => clouds.iter().next().expect("there is one"),
        (None, _) => return Ok(None),
    };
    let secrets = SECRETS.map(|name| path.with_file_name(name));
    let secrets = match secrets.iter().find(|path| path.is_file()) {
        Some(path) => read(path)?.get("clouds").and_then(|clouds| clouds.get(name)).cloned(),
        None => None,
    };
    Ok(Some(Cloud { file: cloud.clone(), secrets }))
}

/// The names in the file that is found first, to say what could be chosen.
pub(crate) fn names(places: &[PathBuf]) -> Vec<String> {
    let file = places.iter().find(|path| path.is_file()).and_then(|path| read(path).ok());
    match file.as_ref().and_then(|file| file.get("clouds")) {
        Some(Node::Map(clouds)) => clouds.keys().cloned().collect(),
        Some(Node::Text(_) | Node::List(_)) | None => Vec::new(),
    }
}

fn read(path: &Path) -> Outcome<Node> {
    let failed = |why: String| Failure::usage(WHAT, format!("{}: {why}", path.display()));
    let size = fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > BYTES_MAX {
        return Err(failed(format!("it is larger than {BYTES_MAX} bytes")));
    }
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    yaml::read(&text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let places = FILES.map(|name| directory.path().join(name)).to_vec();
        (directory, places)
    }

    const TWO: &str = "clouds:\n  a:\n    auth: {username: anna, password: 0123}\n    \
                       region_name: R\n  b: {auth: {username: bob}}\n";

    #[test]
    fn a_cloud_is_found_by_its_name_and_read_wherever_a_setting_stands() {
        let (_kept, places) = directory(&[("clouds.yaml", TWO)]);
        let cloud = find(&places, Some("a")).unwrap().unwrap();
        assert_eq!(cloud.get("username"), Some("anna"));
        assert_eq!(cloud.get("password"), Some("0123"));
        assert_eq!((cloud.get("region_name"), cloud.get("token")), (Some("R"), None));
        let refused = find(&places, Some("c")).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains("no cloud c") && refused.contains("a, b"), "{refused}");
    }

    #[test]
    fn a_single_cloud_needs_no_name_and_several_do() {
        let (_kept, places) = directory(&[("clouds.yml", "clouds: {x: {auth: {username: u}}}")]);
        assert_eq!(find(&places, None).unwrap().unwrap().get("username"), Some("u"));
        let (_kept, places) = directory(&[("clouds.yaml", TWO)]);
        assert!(find(&places, None).unwrap().is_none());
        assert_eq!(names(&places), ["a", "b"]);
    }

    #[test]
    fn secrets_may_stand_in_a_file_of_their_own() {
        let secrets = "clouds: {a: {auth: {password: hidden}}}";
        let (_kept, places) = directory(&[("clouds.yaml", TWO), ("secure.yaml", secrets)]);
        let cloud = find(&places, Some("a")).unwrap().unwrap();
        assert_eq!((cloud.get("password"), cloud.get("username")), (Some("hidden"), Some("anna")));
    }

    #[test]
    fn without_a_file_only_a_named_cloud_is_missed() {
        let (_kept, places) = directory(&[]);
        assert!(find(&places, None).unwrap().is_none());
        assert!(find(&places, Some("a")).is_err());
        let (_kept, places) = directory(&[("clouds.yaml", "clouds: [")]);
        assert!(
            find(&places, Some("a")).map(|_| ()).unwrap_err().to_string().contains("clouds.yaml")
        );
    }

    #[test]
    fn the_usual_places_are_looked_at_in_order_unless_one_is_named() {
        let env = |key: &str| (key == "HOME").then(|| "/h".to_owned());
        let found: Vec<String> =
            places(&env).iter().map(|path| path.display().to_string()).collect();
        assert_eq!(found[0], "./clouds.yaml");
        assert_eq!(found[2], "/h/.config/openstack/clouds.yaml");
        assert_eq!(found[4], "/etc/openstack/clouds.yaml");
        let named = |key: &str| (key == "OS_CLIENT_CONFIG_FILE").then(|| "/x/y".to_owned());
        assert_eq!(places(&named), [PathBuf::from("/x/y")]);
    }
}
