//! Links, as clients follow them: absolute, under the URL by which the client came.

use domain::ids::ProjectId;
use schemars::JsonSchema;
use serde::Serialize;

/// Makes the links of one request.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    base: String,
    project: ProjectId,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Link {
    rel: &'static str,
    href: String,
}

/// An id with its links.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Linked {
    id: String,
    links: [Link; 2],
}

impl Link {
    /// To the thing itself.
    pub(crate) fn itself(href: String) -> Self {
        Self { rel: "self", href }
    }
}

impl Links {
    /// `base` is scheme, host and port, without a slash at the end.
    pub(crate) fn new(base: String, project: ProjectId) -> Self {
        Self { base, project }
    }

    /// The two links of a resource.
    pub(crate) fn of(&self, collection: &str, id: &str) -> [Link; 2] {
        let Self { base, project } = self;
        [
            Link { rel: "self", href: format!("{base}/v1.0/{project}/{collection}/{id}") },
            Link { rel: "bookmark", href: format!("{base}/{collection}/{id}") },
        ]
    }

    /// An id with its links.
    pub(crate) fn linked(&self, collection: &str, id: &str) -> Linked {
        Linked { id: id.to_owned(), links: self.of(collection, id) }
    }

    /// The link to the next page of the list at `path`.
    pub(crate) fn next(&self, path: &str, query: &str) -> [Link; 1] {
        [Link { rel: "next", href: format!("{}{path}?{query}", self.base) }]
    }
}
