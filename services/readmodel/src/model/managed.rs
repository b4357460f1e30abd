//! Instances as administrators list them: live and deleted ones, the latest changed first.

use super::{ReadError, ReadModel};
use crate::row::{self, Latest};
use domain::aggregate::Key;
use domain::ids::{InstanceId, ProjectId};
use domain::instance::Instance;

/// Which instances are listed.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Those of this project only.
    pub project: Option<&'a ProjectId>,
    /// Deleted ones only, live ones only, or both.
    pub is_deleted: Option<bool>,
}

impl ReadModel {
    /// At most `limit` instances after the first `skip`, the latest changed first. Only as many
    /// rows are read as are given; what is skipped costs its index entries.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn managed(
        &self,
        wanted: &Wanted<'_>,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<Instance>, ReadError> {
        let project = wanted.project.map(|project| Key::from(project).id);
        let end = skip.saturating_add(limit);
        let mut latest: Vec<Latest> = Vec::new();
        for is_deleted in [false, true] {
            if wanted.is_deleted.is_none_or(|only| only == is_deleted) {
                let prefix = row::latest_prefix(project, is_deleted);
                let entries = self.inner.store.scan(&prefix, &[], end)?;
                latest.extend(entries.iter().filter_map(|(key, _)| row::latest_of(key)));
            }
        }
        latest.sort_unstable();
        let mut found = Vec::new();
        for entry in latest.into_iter().skip(skip).take(limit) {
            let instance = self.instance(InstanceId(entry.id))?;
            // It may have been deleted since the index was read.
            if wanted.is_deleted.is_none_or(|only| only == is_gone(&instance)) {
                found.push(instance);
            }
        }
        Ok(found)
    }
}

fn is_gone(instance: &Instance) -> bool {
    match instance {
        Instance::Deleted { .. } => true,
        Instance::Absent | Instance::Abandoned { .. } | Instance::Live(_) => false,
    }
}
