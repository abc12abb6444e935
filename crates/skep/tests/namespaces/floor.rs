//! What nobody can be better than on this kernel, at this time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use skep_linux::clock;
use skep_linux::poll::{Events, Poller};
use skep_linux::scheduling::set_real_time;
use skep_linux::timer::Timer;

/// That of the thread which sends advertisements.
const REAL_TIME_PRIORITY: u8 = 50;

/// How late a bare real-time thread wakes up that does nothing but wait.
pub(crate) struct Floor {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Floor {
    /// A thread that wakes up this often from here on.
    pub(crate) fn start(interval: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            set_real_time(REAL_TIME_PRIORITY).expect("root may");
            let (timer, poller) = (
                Timer::new().expect("a timer"),
                Poller::new().expect("epoll"),
            );
            poller.add(&timer, 0).expect("it can be waited for");
            let (mut latest, mut events) = (Duration::ZERO, Events::with_capacity(1));
            while !stopped.load(Ordering::Relaxed) {
                let due = clock::now() + interval;
                timer.arm(due).expect("it can be set");
                let _ready = poller
                    .wait(&mut events, None)
                    .expect("it can be waited for");
                timer.drain().expect("it can be read");
                latest = latest.max(clock::now().saturating_sub(due));
            }
            latest
        });
        Self { stop, thread }
    }

    /// How late it was at most.
    pub(crate) fn latest(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic")
    }
}
