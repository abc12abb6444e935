//! Real-time priority, locked memory and a stack that is already there: what keeps a thread's
//! timers punctual.
#![expect(
    unsafe_code,
    reason = "the safe wrappers lack pthread_setschedparam(3)"
)]

use std::hint::black_box;
use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use thiserror::Error;

/// How much of the stack [`touch_stack`] makes present; the wire thread was seen to use half of it.
const TOUCHED_STACK: usize = 64 * 1024;

/// Why a thread has no real-time priority.
#[derive(Debug, Error)]
pub enum RealTimeError {
    /// The process lacks the right to ask for it.
    #[error(
        "real-time priority {priority} not permitted: grant CAP_SYS_NICE, or raise LimitRTPRIO \
         (with cgroup v1 also cpu.rt_runtime_us)"
    )]
    NotPermitted {
        /// The priority asked for.
        priority: u8,
    },
    /// The kernel refuses for another reason.
    #[error("real-time priority {priority} refused")]
    Refused {
        /// The priority asked for.
        priority: u8,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

/// Why memory is not locked.
#[derive(Debug, Error)]
#[error("memory not locked: grant CAP_IPC_LOCK, or set LimitMEMLOCK=infinity")]
pub struct MemoryLockError(#[source] io::Error);

/// Gives the current thread the real-time priority `priority` (1 to 99) of the class
/// `SCHED_FIFO`.
pub fn set_real_time(priority: u8) -> Result<(), RealTimeError> {
    // SAFETY: `sched_param` is a plain C structure for which all bytes zero is a value; musl has
    // more fields than the one set here.
    let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    parameters.sched_priority = i32::from(priority);
    // musl's sched_setscheduler answers ENOSYS, its pthread_setschedparam works.
    // SAFETY: the current thread is alive and `parameters` outlives the call.
    let code = unsafe {
        libc::pthread_setschedparam(
            libc::pthread_self(),
            libc::SCHED_FIFO,
            &raw const parameters,
        )
    };
    match code {
        0 => Ok(()),
        libc::EPERM => Err(RealTimeError::NotPermitted { priority }),
        code => Err(RealTimeError::Refused {
            priority,
            source: io::Error::from_raw_os_error(code),
        }),
    }
}

/// Gives back the real-time priority that the current thread has from the one that started it.
pub fn set_ordinary() -> io::Result<()> {
    // SAFETY: `sched_param` is a plain C structure for which all bytes zero is a value, the one
    // that `SCHED_OTHER` asks for.
    let parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    // SAFETY: the current thread is alive and `parameters` outlives the call.
    let code = unsafe {
        libc::pthread_setschedparam(
            libc::pthread_self(),
            libc::SCHED_OTHER,
            &raw const parameters,
        )
    };
    match code {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// Keeps every page of this process, present and future, in memory once it was touched.
pub fn lock_memory() -> Result<(), MemoryLockError> {
    // Without ONFAULT every thread's whole stack and arena would be made present: 47 MB for
    // 3 MB in use.
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    mlockall(flags).map_err(|error| MemoryLockError(error.into()))
}

/// Makes the stack the current thread will use present, so that no later call waits for a page.
#[inline(never)]
pub fn touch_stack() {
    black_box([1u8; TOUCHED_STACK]);
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn policy() -> (i32, i32) {
        let mut policy = 0;
        // SAFETY: all bytes zero is a value of the structure, both pointers outlive the call.
        let parameters = unsafe {
            let mut parameters: libc::sched_param = std::mem::zeroed();
            let code = libc::pthread_getschedparam(
                libc::pthread_self(),
                &raw mut policy,
                &raw mut parameters,
            );
            assert_eq!(code, 0);
            parameters
        };
        (policy, parameters.sched_priority)
    }

    #[test]
    fn the_thread_gets_the_priority_or_a_reason() {
        thread::spawn(|| match set_real_time(7) {
            Ok(()) => assert_eq!(policy(), (libc::SCHED_FIFO, 7)),
            Err(error) => {
                assert_eq!(policy().0, libc::SCHED_OTHER);
                assert!(error.to_string().contains("CAP_SYS_NICE"), "{error}");
            }
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_thread_gives_back_the_priority_that_it_was_started_with() {
        thread::spawn(|| {
            let _may_be_refused = set_real_time(7);
            thread::spawn(|| {
                set_ordinary().unwrap();
                assert_eq!(policy(), (libc::SCHED_OTHER, 0));
            })
            .join()
            .unwrap();
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_priority_out_of_range_is_refused_with_the_kernel_s_reason() {
        thread::spawn(|| {
            let error = set_real_time(200).unwrap_err();
            assert!(matches!(
                error,
                RealTimeError::Refused { priority: 200, .. }
            ));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn touching_the_stack_fits_a_thread_s_default_stack() {
        thread::spawn(touch_stack).join().unwrap();
    }
}
