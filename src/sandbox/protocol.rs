//! How a service is spoken to: AWS's four families of protocols, as data that a service declares
//! and the wire reads.

/// The protocol of a service, with what the wire needs to recognise its calls.
#[derive(Debug, Clone, Copy)]
pub enum Protocol {
    /// AWS Query: a form with `Action` and `Version`, answered in XML.
    Query {
        /// The API's version, for example `2010-05-15`.
        version: &'static str,
        /// The namespace of its answers.
        namespace: &'static str,
    },
    /// AWS JSON: the header `X-Amz-Target` names prefix and action.
    Json {
        /// `1.0` or `1.1`.
        version: &'static str,
        /// The prefix before the action, for example `Logs_20140328`.
        target: &'static str,
    },
    /// REST with JSON bodies.
    RestJson {
        /// Its calls.
        routes: &'static [Route],
    },
    /// REST with XML bodies.
    RestXml {
        /// Its calls.
        routes: &'static [Route],
        /// The namespace of its answers.
        namespace: &'static str,
        /// How its errors are wrapped.
        errors: Errors,
    },
}

/// How a REST-XML service writes an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    /// `<ErrorResponse><Error>…`, as most do.
    Wrapped,
    /// `<Error>…`, as S3 does.
    Bare,
}

/// One call of a REST service.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The HTTP method.
    pub method: &'static str,
    /// The path: fixed parts, `{Name}` for one part, `{Name+}` for all that follows; after a `?`
    /// what must stand in the query, for example `/{Bucket}?list-type=2`.
    pub path: &'static str,
    /// The action.
    pub action: &'static str,
    /// True when the body is bytes (`Call::body`) and no tree.
    pub raw: bool,
    /// Headers that are parameters: the header in small letters, the parameter. `x-name-*` stands
    /// for all that begin so: what follows in their names are the fields of the parameter.
    pub headers: &'static [(&'static str, &'static str)],
}

impl Route {
    /// A route whose body, if there is one, is a tree.
    #[must_use]
    pub const fn new(method: &'static str, path: &'static str, action: &'static str) -> Self {
        Self {
            method,
            path,
            action,
            raw: false,
            headers: &[],
        }
    }

    /// The same with a body of bytes.
    #[must_use]
    pub const fn raw(self) -> Self {
        Self { raw: true, ..self }
    }

    /// The same with headers that are parameters.
    #[must_use]
    pub const fn headers(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }
}

impl Protocol {
    /// The routes of a REST service; none for the others.
    #[must_use]
    pub fn routes(&self) -> &'static [Route] {
        match self {
            Self::Query { .. } | Self::Json { .. } => &[],
            Self::RestJson { routes } | Self::RestXml { routes, .. } => routes,
        }
    }

    /// True when errors are named as the JSON services name them.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self, Self::Json { .. } | Self::RestJson { .. })
    }
}
