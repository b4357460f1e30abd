//! The body of `POST` and `PUT .../parameters`: how an administrator describes a parameter.

use super::document::Document;
use super::field::Object;
use crate::catalogue::shown;
use crate::fault::Fault;
use domain::catalogue::{Catalogue, Parameter, ParameterKind, Range, canonical};

const NAME_CHARS_MAX: usize = 128;

/// The parameter that the body describes. What it does not say is as the engine has it: a
/// description stands over one of the engine's own parameters.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn described(
    document: &Document,
    path_name: Option<&str>,
    catalogue: &Catalogue,
) -> Result<Parameter, Fault> {
    let body = document.under("configuration-parameter")?.object()?;
    body.only(&["name", "data_type", "restart_required", "max_size", "min_size"])?;
    let name = name(&body, path_name)?;
    let own = catalogue.of_engine(&name).ok_or_else(|| {
        Fault::Invalid(format!("The engine has no parameter '{}'.", shown(&name)))
    })?;
    let wanted = body.required("data_type")?;
    if wanted.text()? != own.kind.word() {
        return Err(wanted.refused(format!("is not '{}', as the engine has it", own.kind.word())));
    }
    let restart_required = body.required("restart_required")?.integer(0, 1)? == 1;
    Ok(Parameter { kind: kind(&body, &own.kind)?, restart_required, ..own.clone() })
}

fn name(body: &Object<'_>, path_name: Option<&str>) -> Result<String, Fault> {
    let field = body.optional("name");
    let said = field.as_ref().map(|field| field.text255().map(canonical)).transpose()?;
    let from_path = path_name.map(canonical);
    let name = match (said, from_path) {
        (Some(said), Some(from_path)) if said != from_path => {
            return Err(Fault::invalid("A parameter can't be given another name."));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => canonical(body.required("name")?.text255()?),
    };
    if name.chars().nth(NAME_CHARS_MAX).is_some() {
        return Err(Fault::Invalid(format!("A name has at most {NAME_CHARS_MAX} characters.")));
    }
    Ok(name)
}

/// Only integers have sizes, and they must have both.
fn kind(body: &Object<'_>, own: &ParameterKind) -> Result<ParameterKind, Fault> {
    match own {
        ParameterKind::Integer(_) => {
            let min = body.required("min_size")?.wide()?;
            let max = body.required("max_size")?;
            let most = max.wide()?;
            if most < min {
                return Err(max.refused("is less than 'min_size'"));
            }
            Ok(ParameterKind::Integer(Range { min: Some(min), max: Some(most) }))
        }
        ParameterKind::Float(_)
        | ParameterKind::Boolean
        | ParameterKind::Text
        | ParameterKind::Choice(_)
        | ParameterKind::Set(_)
        | ParameterKind::Flags(_) => {
            match body.optional("min_size").or_else(|| body.optional("max_size")) {
                Some(size) => Err(size.refused("is for integers only")),
                None => Ok(own.clone()),
            }
        }
    }
}
