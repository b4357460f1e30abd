//! What a server can be told in its settings file, asked of itself.

use std::time::Duration;

use domain::catalogue::Parameter;
use domain::engine::postgresql::{Variable, parameter};

use super::session::{Place, Session};
use crate::engine::{EngineError, within};

/// The rows are read in some milliseconds.
const ASK_MAX: Duration = Duration::from_secs(20);

const QUERY: &str = "SELECT name, vartype, context, boot_val, min_val, max_val, \
    coalesce(enumvals, '{}'), unit FROM pg_settings ORDER BY name";

/// Runs statements in a server, then gives its parameters.
///
/// # Errors
/// It does not answer in time, or refuses.
pub(super) fn run_and_ask(
    place: &Place,
    statements: &[String],
) -> Result<Vec<Parameter>, EngineError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| EngineError::Silent(error.into()))?;
    runtime.block_on(within(ASK_MAX, async {
        let session = Session::open(place).await?;
        for statement in statements {
            session.run(statement).await?;
        }
        let rows = session.rows(QUERY, &[]).await?;
        let variables = rows.iter().map(|row| Variable {
            name: row.get(0),
            kind: row.get(1),
            context: row.get(2),
            default: row.get(3),
            min: row.get(4),
            max: row.get(5),
            words: row.get(6),
            unit: row.get(7),
        });
        Ok(variables.filter_map(|variable| parameter(&variable)).collect())
    }))
}
