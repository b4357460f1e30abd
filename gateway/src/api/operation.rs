//! One operation of the interface, and how a row of the table is written.

use super::query::Param;
use super::schema::Shape;
use crate::gateway::Gateway;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{self, MethodFilter, MethodRouter};
use std::sync::Arc;

/// One operation.
pub(crate) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) route: MethodRouter<Arc<Gateway>>,
    pub(super) name: &'static str,
    pub(super) summary: String,
    pub(super) who: Who,
    pub(super) query: Vec<Param>,
    pub(super) body: Option<Body>,
    pub(super) answer: Option<Answer>,
    pub(super) others: Vec<Answer>,
    pub(super) refusals: Vec<u16>,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Everybody, for the token's project.
    Project,
    /// Administrators.
    Admins,
}

/// A body that is read.
pub(super) struct Body {
    pub(super) shape: Shape,
    pub(super) is_required: bool,
}

/// An answer that is no refusal.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) shape: Option<Shape>,
}

/// An operation of `method` at `path`.
pub(crate) fn on<H, T>(method: Method, path: &'static str, handler: H) -> Operation
where
    H: Handler<T, Arc<Gateway>>,
    T: 'static,
{
    let filter = MethodFilter::try_from(method.clone()).expect("the table has common methods");
    let (status, refusals) = if method == Method::GET { (200, vec![]) } else { (202, vec![422]) };
    Operation {
        method,
        path,
        route: routing::on(filter, handler),
        name: "",
        summary: String::new(),
        who: Who::Project,
        query: Vec::new(),
        body: None,
        answer: Some(Answer { status, shape: None }),
        others: Vec::new(),
        refusals,
    }
}

macro_rules! verbs {
    ($($word:ident $method:ident),*) => {$(
        #[doc = concat!("A `", stringify!($method), "` operation.")]
        pub(super) fn $word<H, T>(path: &'static str, handler: H) -> Operation
        where
            H: Handler<T, Arc<Gateway>>,
            T: 'static,
        {
            on(Method::$method, path, handler)
        }
    )*};
}

verbs!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

impl Operation {
    /// Its name among all operations, and what it does in one line.
    pub(crate) fn named(mut self, name: &'static str, summary: impl Into<String>) -> Self {
        self.name = name;
        self.summary = summary.into();
        self
    }

    /// Who may ask.
    pub(crate) fn for_(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    /// Parameters of the query.
    pub(crate) fn takes(mut self, params: &[Param]) -> Self {
        self.query.extend(params);
        self
    }

    /// The body that it needs.
    pub(crate) fn reads(mut self, shape: Shape) -> Self {
        self.body = Some(Body { shape, is_required: true });
        self
    }

    /// A body that may be left out.
    pub(super) fn may_read(mut self, shape: Shape) -> Self {
        self.body = Some(Body { shape, is_required: false });
        self
    }

    /// 200, with this body.
    pub(crate) fn gives(mut self, shape: Shape) -> Self {
        self.answer = Some(Answer { status: 200, shape: Some(shape) });
        self
    }

    /// This status, with no body.
    pub(crate) fn says(mut self, status: u16) -> Self {
        self.answer = Some(Answer { status, shape: None });
        self
    }

    /// Nothing but refusals.
    pub(crate) fn gives_nothing(mut self) -> Self {
        self.answer = None;
        self
    }

    /// Another answer that is no refusal in the usual form.
    pub(super) fn may_give(mut self, status: u16, shape: Shape) -> Self {
        self.others.push(Answer { status, shape: Some(shape) });
        self
    }

    /// Statuses by which it refuses, besides those that every operation may refuse with.
    pub(crate) fn refuses(mut self, statuses: &[u16]) -> Self {
        self.refusals.extend(statuses);
        self
    }
}
