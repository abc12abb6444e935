//! Behaviour of the brain at its edge: several hosts with their brains on one segment and one
//! virtual clock.

mod adoption;
mod authenticity;
mod commit;
mod eligibility;
mod holding;
mod leaving;
mod properties;
mod report;
mod routes;
mod segment;
mod sensing;
mod starting;
mod takeover;
mod together;
mod tracked_links;
mod unicast;
