//! Bodies by which administrators describe datastores and versions, in the words of the interface
//! and in those of the founding proposal.

use super::document::Document;
use super::field::{Field, Object};
use crate::catalogue::shown;
use crate::fault::Fault;
use domain::engine::Manager;
use domain::ids::ImageId;
use domain::version::Details;

const TAGS_MAX: usize = 5;
const TAG_CHARS_MAX: usize = 20;
const PACKAGES_MAX: usize = 100;

/// What is said of a version; what is absent is not said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Its name.
    pub(crate) name: Option<String>,
    /// The engine's version number.
    pub(crate) number: Option<String>,
    /// Its datastore, by name or id.
    pub(crate) datastore: Option<String>,
    /// Its manager.
    pub(crate) manager: Option<Manager>,
    /// Whether new instances may use it.
    pub(crate) active: Option<bool>,
    /// Whether it is its datastore's default.
    pub(crate) is_default: Option<bool>,
    packages: Option<Vec<String>>,
    image: Option<ImageId>,
    image_tags: Option<Vec<String>>,
    registry_ext: Option<String>,
    repl_strategy: Option<String>,
}

/// `POST /mgmt/datastore-versions`.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn created(document: &Document) -> Result<Said, Fault> {
    let body = document.under("version")?.object()?;
    body.only(&[
        "name",
        "version",
        "datastore_name",
        "datastore_manager",
        "active",
        "image",
        "image_tags",
        "packages",
        "default",
        "registry_ext",
        "repl_strategy",
    ])?;
    let datastore = body.required("datastore_name")?.text255()?.to_owned();
    body.required("datastore_manager")?;
    body.required("active")?;
    body.required("name")?.text255()?;
    let number = body.optional("version").map(|field| field.text255().map(str::to_owned));
    Ok(Said { datastore: Some(datastore), number: number.transpose()?, ..said(&body)? })
}

/// `PATCH /mgmt/datastore-versions/{version}`, which has no key around it.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn changed(document: &Document) -> Result<Said, Fault> {
    let body = document.whole("version").object()?;
    body.only(&[
        "name",
        "datastore_manager",
        "active",
        "image",
        "image_tags",
        "packages",
        "default",
        "registry_ext",
        "repl_strategy",
    ])?;
    said(&body)
}

fn said(body: &Object<'_>) -> Result<Said, Fault> {
    let text = |key| body.optional(key).map(|field| text(&field)).transpose();
    let flag = |key| body.optional(key).map(|field| field.boolean()).transpose();
    Ok(Said {
        name: name(body)?,
        number: None,
        datastore: None,
        manager: body.optional("datastore_manager").map(|field| manager(&field)).transpose()?,
        active: flag("active")?,
        is_default: flag("default")?,
        packages: body
            .optional("packages")
            .map(|field| texts(&field, PACKAGES_MAX, |field| field.text255()))
            .transpose()?,
        image: body.optional("image").map(|field| image(&field)).transpose()?,
        image_tags: body
            .optional("image_tags")
            .map(|field| texts(&field, TAGS_MAX, tag))
            .transpose()?,
        registry_ext: text("registry_ext")?,
        repl_strategy: text("repl_strategy")?,
    })
}

/// `POST /mgmt/datastores/versions`: the datastore may stand in the version or beside it.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn proposed(document: &Document) -> Result<Said, Fault> {
    let body = document.under("version")?.object()?;
    body.required("name")?.text255()?;
    body.required("manager")?;
    body.required("image_id")?;
    let beside = document.find("datastore")?;
    let datastore = body.optional("datastore").or(beside).map(|field| field.reference());
    Ok(Said { datastore: datastore.transpose()?, ..in_proposed_words(&body)? })
}

/// `PATCH /mgmt/datastores/.../{version}`.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn proposed_change(document: &Document) -> Result<Said, Fault> {
    let body = document.under("version")?.object()?;
    if body.optional("datastore").is_some() {
        return Err(Fault::invalid("A version can't be given to another datastore."));
    }
    in_proposed_words(&body)
}

fn in_proposed_words(body: &Object<'_>) -> Result<Said, Fault> {
    body.only(&["name", "datastore", "manager", "packages", "image_id", "active"])?;
    Ok(Said {
        name: name(body)?,
        manager: body.optional("manager").map(|field| manager(&field)).transpose()?,
        active: body.optional("active").map(|field| field.boolean()).transpose()?,
        packages: body.optional("packages").map(|field| words(&field)).transpose()?,
        image: body.optional("image_id").map(|field| image(&field)).transpose()?,
        ..Said::default()
    })
}

fn name(body: &Object<'_>) -> Result<Option<String>, Fault> {
    body.optional("name").map(|field| field.text255().map(str::to_owned)).transpose()
}

fn text(field: &Field<'_>) -> Result<String, Fault> {
    if field.is_blank() { Ok(String::new()) } else { field.text255().map(str::to_owned) }
}

fn manager(field: &Field<'_>) -> Result<Manager, Fault> {
    let word = field.text255()?;
    word.parse().map_err(|_| field.refused(format!("names no manager: '{}'", shown(word))))
}

fn image(field: &Field<'_>) -> Result<ImageId, Fault> {
    let id = field.uuid()?;
    id.parse().map(ImageId).map_err(|_| field.refused("is not a UUID"))
}

fn tag<'a>(field: &Field<'a>) -> Result<&'a str, Fault> {
    let tag = field.text255()?;
    if tag.chars().nth(TAG_CHARS_MAX).is_some() {
        return Err(field.refused(format!("has more than {TAG_CHARS_MAX} characters")));
    }
    Ok(tag)
}

fn texts<'a>(
    field: &Field<'a>,
    most: usize,
    text: impl Fn(&Field<'a>) -> Result<&'a str, Fault>,
) -> Result<Vec<String>, Fault> {
    let list = field.list()?;
    if list.len() > most {
        return Err(field.refused(format!("has more than {most} elements")));
    }
    list.iter().map(|field| text(field).map(str::to_owned)).collect()
}

/// Names of packages, with blanks between them.
fn words(field: &Field<'_>) -> Result<Vec<String>, Fault> {
    if field.is_blank() {
        return Ok(Vec::new());
    }
    Ok(field.text255()?.split_whitespace().map(str::to_owned).collect())
}

impl Said {
    /// The version that `known` becomes.
    ///
    /// # Errors
    /// When nothing would say what it runs from.
    pub(crate) fn over(self, known: &Details) -> Result<Details, Fault> {
        // Tags alone say that the image is to be found by them.
        let has_tags = self.image_tags.as_ref().is_some_and(|tags| !tags.is_empty());
        let kept = known.image.filter(|_| !has_tags);
        let details = Details {
            name: self.name.unwrap_or_else(|| known.name.clone()),
            number: self.number.unwrap_or_else(|| known.number.clone()),
            manager: self.manager.unwrap_or(known.manager),
            image: self.image.or(kept),
            packages: self.packages.unwrap_or_else(|| known.packages.clone()),
            active: self.active.unwrap_or(known.active),
            image_tags: self.image_tags.unwrap_or_else(|| known.image_tags.clone()),
            registry_ext: over(self.registry_ext, known.registry_ext.as_ref()),
            repl_strategy: over(self.repl_strategy, known.repl_strategy.as_ref()),
            id: known.id,
            datastore: known.datastore,
        };
        if details.image.is_none() && details.image_tags.is_empty() {
            return Err(Fault::invalid("Image or image tags must be specified."));
        }
        Ok(details)
    }
}

/// Empty text takes away.
fn over(said: Option<String>, known: Option<&String>) -> Option<String> {
    said.or_else(|| known.cloned()).filter(|text| !text.is_empty())
}
