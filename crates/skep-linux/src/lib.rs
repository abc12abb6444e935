//! What skep asks of the Linux kernel: netlink, sockets, timers, scheduling.
