//! `http`: a web server answers.

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use skep_manifest::health_check::{HttpMethod, HttpProbe};

use crate::aside::Aside;
use crate::judge::Outcome;
use crate::tls::Trust;
use crate::web::{Answer, Ask, exchange};

/// How far into an answer a text is looked for: a page that is asked for every second is short.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Asks once.
pub(crate) async fn probe(http: &HttpProbe, aside: &Aside) -> Outcome {
    let trust = if http.insecure {
        Trust::Anybody
    } else {
        Trust::System
    };
    ask(http, trust, aside).await.into()
}

async fn ask(http: &HttpProbe, trust: Trust, aside: &Aside) -> Result<(), String> {
    let ask = Ask {
        url: http.url.as_str(),
        host: http.host.as_deref(),
        method: match http.method {
            HttpMethod::Get => Method::GET,
            HttpMethod::Head => Method::HEAD,
            HttpMethod::Post => Method::POST,
        },
        headers: HeaderMap::new(),
        body: Bytes::new(),
        trust,
        wanted_bytes: http.contains.as_ref().map_or(0, |_| ANSWER_BYTES_MAX),
    };
    judge(http, &exchange(ask, aside).await?)
}

fn judge(http: &HttpProbe, answer: &Answer) -> Result<(), String> {
    let status = answer.status;
    if !http.statuses.iter().any(|good| good.contains(status)) {
        return Err(format!("the answer has status {status}"));
    }
    let wanted = http.contains.as_deref().unwrap_or_default().as_bytes();
    let mut places = answer.body.windows(wanted.len().max(1));
    if !wanted.is_empty() && !places.any(|place| place == wanted) {
        return Err("the answer does not contain the text".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
