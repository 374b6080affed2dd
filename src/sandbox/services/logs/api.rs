//! The calls of CloudWatch Logs. `StartLiveTail` is in `tail`.

use serde_json::{Value, json};

use super::filter::Filter;
use super::{Group, LogEvent, Logs, Stream};
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::realm::{Cx, Site};

const MOST: usize = 10_000;

/// Answers a call.
pub fn call(logs: &mut Logs, cx: &mut Cx<'_>, call: &Call) -> Answer {
    let params = call.params();
    match call.action.as_str() {
        "CreateLogGroup" => create_group(logs, cx, params),
        "DeleteLogGroup" => delete_group(logs, cx, params),
        "CreateLogStream" => create_stream(logs, cx, params),
        "PutLogEvents" => put(logs, cx, params),
        "PutRetentionPolicy" => retention(logs, cx, params),
        "DescribeLogGroups" => Ok(groups(logs, &cx.place, params)),
        "DescribeLogStreams" => streams(logs, &cx.place, params),
        "GetLogEvents" => get(logs, params),
        "FilterLogEvents" => filter(logs, params),
        _ => Err(AwsError::unanswered(call)),
    }
}

fn create_group(logs: &mut Logs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = need(params, "logGroupName")?;
    if logs.groups.contains_key(name) {
        return Err(AwsError::new(
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ));
    }
    logs.groups.insert(name.to_owned(), Group::new(cx.now));
    cx.effect = Some(format!("log group {name}"));
    Ok(json!({}))
}

fn delete_group(logs: &mut Logs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = need(params, "logGroupName")?;
    logs.groups.remove(name).ok_or_else(no_group)?;
    cx.effect = Some(format!("log group {name} deleted"));
    Ok(json!({}))
}

fn create_stream(logs: &mut Logs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let now = cx.now;
    let name = need(params, "logStreamName")?;
    let group = group_mut(logs, params)?;
    if group.streams.contains_key(name) {
        return Err(AwsError::new(
            "ResourceAlreadyExistsException",
            "The specified log stream already exists",
        ));
    }
    group.streams.insert(
        name.to_owned(),
        Stream {
            created: now,
            ..Stream::default()
        },
    );
    cx.effect = Some(format!("log stream {name}"));
    Ok(json!({}))
}

fn retention(logs: &mut Logs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let days = params.number("retentionInDays");
    group_mut(logs, params)?.retention = days;
    cx.effect = Some("retention".to_owned());
    Ok(json!({}))
}

fn put(logs: &mut Logs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let now = cx.now;
    let stream = need(params, "logStreamName")?;
    let events: Vec<(i64, &str)> = params
        .list("logEvents")
        .iter()
        .filter_map(|event| {
            Some((
                Params(event).number("timestamp")?,
                event.get("message")?.as_str()?,
            ))
        })
        .collect();
    let group = group_mut(logs, params)?;
    if !group.streams.contains_key(stream) {
        return Err(AwsError::new(
            "ResourceNotFoundException",
            "The specified log stream does not exist.",
        ));
    }
    if events.is_empty()
        || events
            .windows(2)
            .any(|pair| matches!(pair, [left, right] if left.0 > right.0))
    {
        return Err(AwsError::new(
            "InvalidParameterException",
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let oldest = now.0 - 14 * 86_400_000;
    let newest = now.0 + 2 * 3_600_000;
    let too_old = events.iter().filter(|(at, _)| *at < oldest).count();
    let too_new = events.iter().position(|(at, _)| *at > newest);
    for (at, message) in events
        .iter()
        .filter(|(at, _)| (oldest..=newest).contains(at))
    {
        group.put(stream, Time(*at), now, (*message).to_owned());
    }
    cx.effect = Some(format!("{} log events", events.len()));
    let rejected = (too_old > 0 || too_new.is_some())
        .then(|| json!({ "tooOldLogEventEndIndex": (too_old > 0).then_some(too_old), "tooNewLogEventStartIndex": too_new }));
    Ok(
        json!({ "nextSequenceToken": format!("{:056}", group.arrived()), "rejectedLogEventsInfo": rejected }),
    )
}

fn groups(logs: &Logs, place: &Site, params: Params<'_>) -> Value {
    let prefix = params.text("logGroupNamePrefix").unwrap_or("");
    let part = params.text("logGroupNamePattern").unwrap_or("");
    let rows: Vec<Value> = logs
        .groups
        .iter()
        .filter(|(name, _)| name.starts_with(prefix) && name.contains(part))
        .map(|(name, group)| {
            let arn = arn(place, name);
            json!({
                "logGroupName": name, "creationTime": group.created.0, "retentionInDays": group.retention,
                "arn": format!("{arn}:*"), "logGroupArn": arn, "metricFilterCount": 0, "storedBytes": 0, "logGroupClass": "STANDARD",
            })
        })
        .collect();
    page("logGroups", rows, params, 50)
}

fn streams(logs: &Logs, place: &Site, params: Params<'_>) -> Answer {
    let (name, group) = group(logs, params)?;
    let prefix = params.text("logStreamNamePrefix").unwrap_or("");
    let mut rows: Vec<(&String, &Stream)> = group
        .streams
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .collect();
    if params.text("orderBy") == Some("LastEventTime") {
        rows.sort_by_key(|(_, stream)| stream.last);
    }
    if params.flag("descending") {
        rows.reverse();
    }
    let arn = arn(place, name);
    let rows = rows.into_iter().map(|(name, stream)| {
        json!({
            "logStreamName": name, "creationTime": stream.created.0, "arn": format!("{arn}:log-stream:{name}"), "storedBytes": 0,
            "firstEventTimestamp": stream.first.map(|at| at.0), "lastEventTimestamp": stream.last.map(|at| at.0),
            "lastIngestionTime": stream.last.map(|at| at.0), "uploadSequenceToken": format!("{:056}", group.arrived()),
        })
    });
    Ok(page("logStreams", rows.collect(), params, 50))
}

/// Tokens are `f/<index>` and `b/<index>` in the stream by time; a token that is given back
/// unchanged says "nothing more".
fn get(logs: &Logs, params: Params<'_>) -> Answer {
    let (_, group) = group(logs, params)?;
    let stream = need(params, "logStreamName")?;
    if !group.streams.contains_key(stream) {
        return Err(AwsError::new(
            "ResourceNotFoundException",
            "The specified log stream does not exist.",
        ));
    }
    let events: Vec<&LogEvent> = in_window(group, params)
        .into_iter()
        .filter(|event| event.stream == stream)
        .collect();
    let limit = limit(params);
    let token = params.text("nextToken");
    let given = token.and_then(|token| token.get(2..)?.parse::<u64>().ok());
    let backward = token.is_some_and(|token| token.starts_with("b/"));
    let place = |number: u64| {
        events
            .iter()
            .position(|event| event.number >= number)
            .unwrap_or(events.len())
    };
    let (from, to) = match (given, backward) {
        (Some(number), false) => (place(number), (place(number) + limit).min(events.len())),
        (Some(number), true) => (place(number).saturating_sub(limit), place(number)),
        (None, _) if params.flag("startFromHead") => (0, limit.min(events.len())),
        (None, _) => (events.len().saturating_sub(limit), events.len()),
    };
    let page = events.get(from..to).unwrap_or(&[]);
    let after = page
        .last()
        .map_or(given.unwrap_or(0), |event| event.number + 1);
    let before = page
        .first()
        .map_or(given.unwrap_or(0), |event| event.number);
    let rows: Vec<Value> =
        page.iter().map(|event| json!({"timestamp": event.at.0, "message": event.message, "ingestionTime": event.arrived.0})).collect();
    Ok(
        json!({ "events": rows, "nextForwardToken": format!("f/{after:056}"), "nextBackwardToken": format!("b/{before:056}") }),
    )
}

/// Events of all streams by time. The token names the last event shown, so that nothing is lost or
/// doubled between pages.
fn filter(logs: &Logs, params: Params<'_>) -> Answer {
    let (_, group) = group(logs, params)?;
    let wanted = Wanted::read(params)?;
    let after = params.text("nextToken").and_then(|token| {
        let (at, number) = token.split_once('/')?;
        Some((Time(at.parse().ok()?), number.parse::<u64>().ok()?))
    });
    let limit = limit(params);
    let mut rows = in_window(group, params)
        .into_iter()
        .filter(|event| after.is_none_or(|after| (event.at, event.number) > after))
        .filter(|event| wanted.passes(event));
    let page: Vec<&LogEvent> = rows.by_ref().take(limit).collect();
    let more = rows.next().is_some();
    let token = page
        .last()
        .filter(|_| more)
        .map(|event| format!("{}/{}", event.at.0, event.number));
    let shown: Vec<Value> = page.into_iter().map(shown).collect();
    Ok(json!({ "events": shown, "nextToken": token, "searchedLogStreams": [] }))
}

/// What a filter or a live tail asks for beside its groups.
#[derive(Debug, Clone)]
pub struct Wanted {
    filter: Filter,
    streams: Vec<String>,
    prefixes: Vec<String>,
}

impl Wanted {
    /// Reads it from the parameters of either call.
    pub fn read(params: Params<'_>) -> Result<Self, AwsError> {
        let pattern = params
            .text("filterPattern")
            .or(params.text("logEventFilterPattern"))
            .unwrap_or("");
        let filter = Filter::read(pattern).ok_or_else(|| {
            AwsError::new(
                "InvalidParameterException",
                format!("Invalid filter pattern: {pattern}"),
            )
        })?;
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut prefixes = owned(params.texts("logStreamNamePrefixes"));
        prefixes.extend(params.text("logStreamNamePrefix").map(str::to_owned));
        Ok(Self {
            filter,
            streams: owned(params.texts("logStreamNames")),
            prefixes,
        })
    }

    /// Whether an event is asked for.
    #[must_use]
    pub fn passes(&self, event: &LogEvent) -> bool {
        (self.streams.is_empty() || self.streams.contains(&event.stream))
            && (self.prefixes.is_empty()
                || self
                    .prefixes
                    .iter()
                    .any(|prefix| event.stream.starts_with(prefix.as_str())))
            && self.filter.passes(&event.message)
    }
}

/// The name of a group from its name or ARN.
#[must_use]
pub fn group_name(identifier: &str) -> &str {
    let name = identifier
        .split_once(":log-group:")
        .map_or(identifier, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name)
}

/// The ARN of a group.
#[must_use]
pub fn arn(place: &Site, name: &str) -> String {
    format!(
        "arn:aws:logs:{}:{}:log-group:{name}",
        place.region, place.account
    )
}

fn shown(event: &LogEvent) -> Value {
    json!({
        "logStreamName": event.stream, "timestamp": event.at.0, "message": event.message,
        "ingestionTime": event.arrived.0, "eventId": event.id(),
    })
}

fn in_window<'a>(group: &'a Group, params: Params<'_>) -> Vec<&'a LogEvent> {
    let start = params.number("startTime").unwrap_or(0);
    let end = params.number("endTime").unwrap_or(i64::MAX);
    let mut events = group.by_time();
    events.retain(|event| event.at.0 >= start && event.at.0 <= end);
    events
}

fn limit(params: Params<'_>) -> usize {
    params
        .number("limit")
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(MOST)
        .clamp(1, MOST)
}

fn page(name: &str, rows: Vec<Value>, params: Params<'_>, usual: usize) -> Value {
    let from = params
        .text("nextToken")
        .and_then(|token| token.parse::<usize>().ok())
        .unwrap_or(0);
    let limit = params
        .number("limit")
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usual)
        .clamp(1, 50);
    let more = from + limit < rows.len();
    let page: Vec<Value> = rows.into_iter().skip(from).take(limit).collect();
    json!({ name: page, "nextToken": more.then(|| (from + limit).to_string()) })
}

fn group<'a>(logs: &'a Logs, params: Params<'a>) -> Result<(&'a str, &'a Group), AwsError> {
    let name = group_name(
        params
            .text("logGroupName")
            .map_or_else(|| need(params, "logGroupIdentifier"), Ok)?,
    );
    logs.groups
        .get(name)
        .map(|group| (name, group))
        .ok_or_else(no_group)
}

fn group_mut<'a>(logs: &'a mut Logs, params: Params<'_>) -> Result<&'a mut Group, AwsError> {
    logs.groups
        .get_mut(need(params, "logGroupName")?)
        .ok_or_else(no_group)
}

fn need<'a>(params: Params<'a>, name: &str) -> Result<&'a str, AwsError> {
    params
        .need(name)
        .map_err(|error| AwsError::new("InvalidParameterException", error.message))
}

pub(super) fn no_group() -> AwsError {
    AwsError::new(
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
}
