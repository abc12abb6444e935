//! `webhook`: a POST request with what happened as JSON.

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use skep_manifest::notifier::Webhook;

use crate::aside::Aside;
use crate::notify::event::Event;
use crate::notify::secret;
use crate::tls::Trust;
use crate::web::{Ask, exchange};

/// By it a server knows that it was told before: the answer to an attempt may have been lost.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Posts once.
pub(crate) async fn post(
    webhook: &Webhook,
    event: &Event,
    repetition: u64,
    trust: Trust,
    aside: &Aside,
) -> Result<(), String> {
    let url = secret::read(&webhook.url, aside).await?;
    let ask = Ask {
        url: &url,
        host: None,
        method: Method::POST,
        headers: headers(webhook, &event.key(repetition))?,
        body: body(event, repetition),
        trust,
        wanted_bytes: 0,
    };
    match exchange(ask, aside).await?.status {
        200..=299 => Ok(()),
        status => Err(format!("the answer has status {status}")),
    }
}

fn headers(webhook: &Webhook, key: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(CONTENT_TYPE, json);
    for (name, value) in &webhook.headers {
        let unusable = || format!("header `{name}` cannot be sent");
        let value = HeaderValue::from_str(value).map_err(|_error| unusable())?;
        let name = HeaderName::try_from(name).map_err(|_error| unusable())?;
        headers.insert(name, value);
    }
    let key = HeaderValue::from_str(key).map_err(|_error| "it has no key".to_owned())?;
    headers.insert(IDEMPOTENCY_KEY, key);
    Ok(headers)
}

fn body(event: &Event, repetition: u64) -> Bytes {
    let body = json!({
        "group": event.group.as_str(),
        "state": event.state_word(),
        "because": event.because,
        "node": event.node.as_str(),
        "priority": event.priority,
        "addresses": event.addresses(),
        "at": event.at,
        "repetition": repetition,
    });
    Bytes::from(body.to_string())
}

#[cfg(test)]
mod tests;
