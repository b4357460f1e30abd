//! Where everything of the local provisioner lies.
//!
//! ```text
//! <stack>/fences/<uuid>      highest fence, and the lock of the instance's effects
//! <stack>/volumes/<uuid>.img a volume as an image file
//! <stack>/volumes/<uuid>.dir the size, in bytes, of a volume that is a directory
//! <stack>/volumes/<uuid>.growth from and to which size, in bytes, an image grows
//! <stack>/volumes/lock       held while room is counted
//! <stack>/address-range      the range of addresses, chosen once
//! <stack>/stopping           there while the stack is stopping
//! <instances>/<uuid>/        the instance's directory (domain::guest_spec)
//! ```

use domain::ids::InstanceId;
use std::path::PathBuf;

/// The two directories, absolute and without symbolic links.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    /// The stack's directory.
    pub(crate) stack: PathBuf,
    /// Where instances' directories lie.
    pub(crate) instances: PathBuf,
}

impl Paths {
    pub(crate) fn fences(&self) -> PathBuf {
        self.stack.join("fences")
    }

    pub(crate) fn volumes(&self) -> PathBuf {
        self.stack.join("volumes")
    }

    pub(crate) fn image(&self, id: InstanceId) -> PathBuf {
        self.volumes().join(format!("{id}.img"))
    }

    pub(crate) fn sized_directory(&self, id: InstanceId) -> PathBuf {
        self.volumes().join(sized_directory(id))
    }

    pub(crate) fn stopping(&self) -> PathBuf {
        self.stack.join("stopping")
    }

    pub(crate) fn instance(&self, id: InstanceId) -> PathBuf {
        self.instances.join(id.to_string())
    }
}

/// The name of the file that holds the size of a volume that is a directory.
pub(crate) fn sized_directory(id: InstanceId) -> String {
    format!("{id}.dir")
}

/// The name of the file that says that an image grows.
pub(crate) fn growth(id: InstanceId) -> String {
    format!("{id}.growth")
}
