//! Facts of a resize.

use super::field::{message, time};
use super::instance::due;
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::instance::{Event, Fault, Resize};
use domain::time::Timestamp;
use wire::instance_event::{self as body, Event as Body};

pub(super) fn requested(to: &Resize, deadline: Timestamp) -> Body {
    let deadline = due(deadline);
    Body::ResizeRequested(body::ResizeRequested { to: Some(to.into()), deadline })
}

pub(super) fn volume_grown(deadline: Timestamp) -> Body {
    Body::VolumeGrown(body::VolumeGrown { deadline: due(deadline) })
}

pub(super) fn applied(deadline: Timestamp) -> Body {
    Body::ResizeApplied(body::ResizeApplied { deadline: due(deadline) })
}

pub(super) fn failed(fault: &Fault, must_revert: bool, deadline: Timestamp) -> Body {
    let (fault, deadline) = (Some(fault.into()), due(deadline));
    Body::ResizeFailed(body::ResizeFailed { fault, must_revert, deadline })
}

pub(super) fn reverted(deadline: Timestamp) -> Body {
    Body::ResizeReverted(body::ResizeReverted { deadline: due(deadline) })
}

pub(super) fn settled(volume_gib: u32) -> Body {
    Body::ResizeSettled(body::ResizeSettled { volume_gib })
}

impl TryFrom<body::ResizeRequested> for Event {
    type Error = DecodeError;

    fn try_from(body: body::ResizeRequested) -> Result<Self, DecodeError> {
        Ok(Self::ResizeRequested {
            to: message(body.to, "resize_requested.to")?,
            deadline: time(body.deadline, "resize_requested.deadline")?,
        })
    }
}

impl TryFrom<body::ResizeFailed> for Event {
    type Error = DecodeError;

    fn try_from(body: body::ResizeFailed) -> Result<Self, DecodeError> {
        Ok(Self::ResizeFailed {
            fault: message(body.fault, "resize_failed.fault")?,
            must_revert: body.must_revert,
            deadline: time(body.deadline, "resize_failed.deadline")?,
        })
    }
}
