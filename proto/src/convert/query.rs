//! Live questions to a guest, and its answers.

use super::action::account;
use super::engine::{log, log_of};
use super::field::{all, each, variant};
use crate::error::DecodeError;
use crate::generated::trove::guest::v1 as wire;
use domain::guest::{LogSize, Page, Query, QueryAnswer, UserSeen};
use wire::query::Query as Question;
use wire::query_answer::Answer;

impl From<&Query> for wire::Query {
    fn from(value: &Query) -> Self {
        let query = match value {
            Query::Health => Question::Health(()),
            Query::Databases(page) => Question::Databases(page.into()),
            Query::Users(page) => Question::Users(page.into()),
            Query::User(account) => Question::User(account.into()),
            Query::Logs => Question::Logs(()),
            Query::LogTail { log, lines } => {
                Question::LogTail(wire::LogTail { log: log_of(*log).into(), lines: *lines })
            }
        };
        Self { query: Some(query) }
    }
}

impl TryFrom<wire::Query> for Query {
    type Error = DecodeError;

    fn try_from(value: wire::Query) -> Result<Self, DecodeError> {
        Ok(match variant(value.query, "query")? {
            Question::Health(()) => Self::Health,
            Question::Databases(page) => Self::Databases(page.into()),
            Question::Users(page) => Self::Users(page.into()),
            Question::User(account) => Self::User(account.into()),
            Question::Logs(()) => Self::Logs,
            Question::LogTail(tail) => {
                Self::LogTail { log: log(tail.log, "log_tail.log")?, lines: tail.lines }
            }
        })
    }
}

impl From<&Page> for wire::Page {
    fn from(page: &Page) -> Self {
        Self { after: page.after.clone(), limit: page.limit }
    }
}

impl From<wire::Page> for Page {
    fn from(page: wire::Page) -> Self {
        Self { after: page.after, limit: page.limit }
    }
}

impl From<&QueryAnswer> for wire::QueryAnswer {
    fn from(value: &QueryAnswer) -> Self {
        let answer = match value {
            QueryAnswer::Health(heartbeat) => Answer::Health(heartbeat.into()),
            QueryAnswer::Databases { names, has_more } => {
                Answer::Databases(wire::DatabasesSeen { names: names.clone(), has_more: *has_more })
            }
            QueryAnswer::Users { users, has_more } => {
                Answer::Users(wire::UsersSeen { users: all(users), has_more: *has_more })
            }
            QueryAnswer::User(user) => {
                Answer::User(wire::MaybeUser { user: user.as_ref().map(Into::into) })
            }
            QueryAnswer::Logs(logs) => Answer::Logs(wire::LogsSeen { logs: all(logs) }),
            QueryAnswer::LogTail(lines) => Answer::LogTail(wire::LogLines { lines: lines.clone() }),
            QueryAnswer::Unavailable { detail } => {
                Answer::Unavailable(wire::Unavailable { detail: detail.clone() })
            }
        };
        Self { answer: Some(answer) }
    }
}

impl TryFrom<wire::QueryAnswer> for QueryAnswer {
    type Error = DecodeError;

    fn try_from(value: wire::QueryAnswer) -> Result<Self, DecodeError> {
        Ok(match variant(value.answer, "query_answer")? {
            Answer::Health(heartbeat) => Self::Health(heartbeat.try_into()?),
            Answer::Databases(seen) => {
                Self::Databases { names: seen.names, has_more: seen.has_more }
            }
            Answer::Users(seen) => {
                Self::Users { users: each(seen.users)?, has_more: seen.has_more }
            }
            Answer::User(maybe) => Self::User(maybe.user.map(UserSeen::try_from).transpose()?),
            Answer::Logs(seen) => Self::Logs(each(seen.logs)?),
            Answer::LogTail(wire::LogLines { lines }) => Self::LogTail(lines),
            Answer::Unavailable(unavailable) => Self::Unavailable { detail: unavailable.detail },
        })
    }
}

impl From<&LogSize> for wire::LogSize {
    fn from(size: &LogSize) -> Self {
        Self { log: log_of(size.log).into(), bytes: size.bytes }
    }
}

impl TryFrom<wire::LogSize> for LogSize {
    type Error = DecodeError;

    fn try_from(size: wire::LogSize) -> Result<Self, DecodeError> {
        Ok(Self { log: log(size.log, "log_size.log")?, bytes: size.bytes })
    }
}

impl From<&UserSeen> for wire::UserSeen {
    fn from(user: &UserSeen) -> Self {
        Self { account: Some((&user.account).into()), databases: user.databases.clone() }
    }
}

impl TryFrom<wire::UserSeen> for UserSeen {
    type Error = DecodeError;

    fn try_from(user: wire::UserSeen) -> Result<Self, DecodeError> {
        Ok(Self { account: account(user.account, "user_seen.account")?, databases: user.databases })
    }
}
