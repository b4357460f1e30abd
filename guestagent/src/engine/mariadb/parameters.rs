//! What a server can be told in its option file, asked of itself.

use std::path::Path;
use std::time::Duration;

use domain::catalogue::Parameter;
use domain::engine::mariadb::{ADMIN, Variable, parameter};
use mysql_async::{Opts, OptsBuilder};

use super::TEMPLATE_PASSWORD;
use super::session::Session;
use crate::engine::EngineError;

/// The rows are read in some milliseconds.
const ASK_MAX: Duration = Duration::from_secs(20);

/// A variable that has no argument on the command line can't stand in an option file either.
const QUERY: &str = "SELECT VARIABLE_NAME, VARIABLE_TYPE, DEFAULT_VALUE, NUMERIC_MIN_VALUE, \
    NUMERIC_MAX_VALUE, ENUM_VALUE_LIST, READ_ONLY FROM information_schema.SYSTEM_VARIABLES \
    WHERE COMMAND_LINE_ARGUMENT IS NOT NULL ORDER BY VARIABLE_NAME";

type Row = (String, String, Option<String>, Option<String>, Option<String>, Option<String>, String);

/// The parameters of the server that listens at `socket` and was made from the bootstrap.
///
/// # Errors
/// It does not answer in time, or refuses.
pub(crate) fn ask(socket: &Path) -> Result<Vec<Parameter>, EngineError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| EngineError::Silent(error.into()))?;
    runtime.block_on(async {
        tokio::time::timeout(ASK_MAX, read(socket))
            .await
            .unwrap_or_else(|elapsed| Err(EngineError::Silent(elapsed.into())))
    })
}

async fn read(socket: &Path) -> Result<Vec<Parameter>, EngineError> {
    let options: Opts = OptsBuilder::default()
        .socket(Some(socket.display().to_string()))
        .prefer_socket(true)
        .user(Some(ADMIN))
        .pass(Some(TEMPLATE_PASSWORD))
        .into();
    let mut session = Session::open(&options).await?;
    let rows: Vec<Row> = session.rows(QUERY).await?;
    session.close().await;
    let variables = rows.into_iter().map(|(name, kind, default, min, max, words, read_only)| {
        let is_read_only = read_only == "YES";
        Variable { name, kind, default, min, max, words, is_read_only }
    });
    Ok(variables.filter_map(|variable| parameter(&variable)).collect())
}
