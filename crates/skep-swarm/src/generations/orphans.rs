//! What a head that was lost leaves behind: parts that nothing names any more.

use serde_json::json;
use skep_plan::ownership::SWARM;

use super::{Config, Generations, GenerationsError, path};
use crate::engine::{EngineError, percent_encoded};

impl Generations {
    /// Removes every part that is older than `head`, the index of a head that names none.
    ///
    /// Such a part is in nobody's way: who laid it read the head before it was written, and what was
    /// read before can no longer be replaced. A part that is laid while this goes on is younger, and
    /// what is removed is named by its id: never one that took the place of another.
    pub(super) async fn collect_orphans(&self, head: u64) -> Result<(), GenerationsError> {
        let filter = json!({ "label": [format!("{SWARM}={}", self.swarm)] }).to_string();
        let listed = format!("/configs?filters={}", percent_encoded(&filter));
        let configs: Vec<Config> = self.client.read(&listed).await?;
        let orphans = configs.iter().filter(|config| {
            let is_ours = config.spec.labels.get(SWARM).map(String::as_str);
            is_ours == Some(self.swarm.as_str())
                && self.is_part(&config.spec.name)
                && config.version.index < head
        });
        for orphan in orphans {
            match self.client.remove(&path(&orphan.id)).await {
                Ok(()) | Err(EngineError::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// `skep.SWARM.CONTENT.PART`
    fn is_part(&self, name: &str) -> bool {
        let rest = name.strip_prefix(&format!("skep.{}.", self.swarm));
        rest.and_then(|rest| rest.split_once('.'))
            .is_some_and(|(content, part)| {
                content.bytes().all(|byte| byte.is_ascii_hexdigit())
                    && part.parse::<usize>().is_ok()
            })
    }
}
