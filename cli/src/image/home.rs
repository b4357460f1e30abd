//! Where the images of this host are, and who else knows of them: the local stack, by what its
//! launcher told the first taskmanager.

use crate::failure::{Failure, Kind, Outcome};
use crate::stack::{self, Local};
use clap::Args;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which images.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Where the local stack is kept
    #[arg(long, env = "TROVE_STATE_DIR", default_value = ".trove", value_name = "DIRECTORY")]
    state_dir: PathBuf,
    /// Unpacked programs [default: those of the local stack]
    #[arg(long, env = "TROVE_IMAGES_DIR", value_name = "DIRECTORY")]
    images_dir: Option<PathBuf>,
}

/// The images of this host.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) images_dir: PathBuf,
    stack: Option<Local>,
}

impl Place {
    /// Finds them.
    pub(crate) fn find(&self, what: &str) -> Outcome<Home> {
        let refused = |why: String| Failure::new(Kind::Refused, what, why);
        let stack = stack::local(&self.state_dir).map_err(|error| refused(format!("{error:#}")))?;
        let images_dir = match (&self.images_dir, &stack) {
            (Some(asked), Some(Local { images_dir, .. })) if !is_same(asked, images_dir) => {
                let (asked, own) = (asked.display(), images_dir.display());
                let why = format!("the stack's images are in {own}, and {asked} was named");
                return Err(Failure::usage(what, why)
                    .advise("leave --images-dir and TROVE_IMAGES_DIR out, or name its stack"));
            }
            (Some(asked), _) => asked.clone(),
            (None, Some(stack)) => stack.images_dir.clone(),
            (None, None) => {
                let why = format!("there is no stack in {}", self.state_dir.display());
                return Err(Failure::new(Kind::NotFound, what, why).advise(
                    "start it with `trove stack`, or name it by --state-dir or TROVE_STATE_DIR",
                ));
            }
        };
        Ok(Home { images_dir, stack })
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    canonical(one) == canonical(other)
}

impl Home {
    /// The program that makes templates.
    pub(crate) fn guestagent(&self, what: &str) -> Outcome<PathBuf> {
        match &self.stack {
            Some(stack) => Ok(stack.guestagent.clone()),
            None => stack::own_guestagent()
                .map_err(|error| Failure::new(Kind::Refused, what, format!("{error:#}"))),
        }
    }

    /// How many instances on this host run from each directory of an image; nothing where no
    /// stack is known. By what their shims are told, so that a stopped stack's count too.
    pub(crate) fn instances(&self) -> Option<BTreeMap<PathBuf, usize>> {
        let instances = &self.stack.as_ref()?.instances_dir;
        let mut counts = BTreeMap::new();
        for entry in fs::read_dir(instances).ok()?.flatten() {
            if let Some(root) = root_of(&entry.path()) {
                *counts.entry(root).or_default() += 1;
            }
        }
        Some(counts)
    }
}

fn root_of(instance: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(instance.join("spec.json")).ok()?;
    let spec: Value = serde_json::from_str(&text).ok()?;
    Some(spec["image_root"].as_str()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack_in(directory: &Path) -> Place {
        let run = directory.join("run");
        fs::create_dir(&run).unwrap();
        let at = |name: &str| directory.join(name).display().to_string();
        let text = format!(
            "state_dir = \"x\"\n[local]\nimages_dir = \"{}\"\ninstances_dir = \"{}\"\n\
             guestagent = \"{}\"\n",
            at("images"),
            at("i"),
            at("bin/guestagent")
        );
        fs::write(run.join("taskmanager-0.toml"), text).unwrap();
        Place { state_dir: directory.to_owned(), images_dir: None }
    }

    #[test]
    fn the_stack_says_where_its_images_are_and_no_other_directory_is_taken_for_them() {
        let directory = tempfile::tempdir().unwrap();
        let mut place = stack_in(directory.path());
        let images = directory.path().join("images");
        let home = place.find("x").unwrap();
        assert_eq!(home.images_dir, images);
        assert_eq!(home.guestagent("x").unwrap(), directory.path().join("bin/guestagent"));
        place.images_dir = Some(images.join("../images"));
        fs::create_dir(&images).unwrap();
        assert!(place.find("x").is_ok());
        place.images_dir = Some(directory.path().join("others"));
        assert!(place.find("x").unwrap_err().to_string().contains("others was named"));
    }

    #[test]
    fn without_a_stack_the_directory_has_to_be_named() {
        let directory = tempfile::tempdir().unwrap();
        let mut place = Place { state_dir: directory.path().join("none"), images_dir: None };
        assert_eq!(place.find("x").unwrap_err().kind, Kind::NotFound);
        place.images_dir = Some(directory.path().to_owned());
        let home = place.find("x").unwrap();
        assert_eq!((home.images_dir.as_path(), home.instances()), (directory.path(), None));
    }

    #[test]
    fn instances_are_counted_by_the_image_that_they_run_from() {
        let directory = tempfile::tempdir().unwrap();
        let home = stack_in(directory.path()).find("x").unwrap();
        for (name, root) in [("a", "/r/1"), ("b", "/r/1"), ("c", "/r/2")] {
            let instance = directory.path().join("i").join(name);
            fs::create_dir_all(&instance).unwrap();
            let spec = format!("{{\"image_root\": \"{root}\", \"port\": 3306}}");
            fs::write(instance.join("spec.json"), spec).unwrap();
        }
        fs::create_dir(directory.path().join("i/half-made")).unwrap();
        let counts = home.instances().unwrap();
        assert_eq!(counts, BTreeMap::from([("/r/1".into(), 2), ("/r/2".into(), 1)]));
    }
}
