//! How many requests one client may make: a leaky bucket for each address, for as many addresses as are remembered.

use crate::config::Limits;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

/// Buckets by client.
pub(super) struct Limiter {
    buckets: DefaultKeyedRateLimiter<Client>,
    clock: DefaultClock,
}

/// Who is counted as one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Client {
    /// An IPv4 address, or the network that one household has in IPv6.
    Known(IpAddr),
    /// All who come while too many addresses are remembered share one bucket of this many.
    Crowd(u8),
}

/// Addresses that are remembered: some 10 MB.
const CLIENTS_MAX: usize = 100_000;

impl Limiter {
    /// Full buckets for everyone.
    pub(super) fn new(limits: &Limits) -> Self {
        let positive = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let per_minute = Quota::per_minute(positive(limits.requests_per_minute_max));
        let quota = per_minute.allow_burst(positive(limits.requests_burst_max));
        Self { buckets: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Counts a request; where it is one too many, the seconds to wait.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), u64> {
        let client = if self.buckets.len() < CLIENTS_MAX { known(address) } else { crowd(address) };
        self.buckets.check_key(&client).map_err(|not_yet| {
            let wait = not_yet.wait_time_from(self.clock.now());
            (wait + Duration::from_millis(999)).as_secs().max(1)
        })
    }

    /// Forgets clients whose buckets are full again.
    pub(super) fn tidy(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }
}

fn known(address: IpAddr) -> Client {
    Client::Known(match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    })
}

fn crowd(address: IpAddr) -> Client {
    let octet = match address {
        IpAddr::V4(v4) => v4.octets().first().copied(),
        IpAddr::V6(v6) => v6.octets().get(3).copied(),
    };
    Client::Crowd(octet.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_household_is_one_client() {
        let limits = Limits { requests_burst_max: 2, requests_per_minute_max: 1, ..Limits::default() };
        let limiter = Limiter::new(&limits);
        let ask = |address: &str| limiter.check(address.parse().unwrap()).is_ok();
        assert!(ask("2001:db8::1") && ask("2001:db8::2") && !ask("2001:db8::3"));
        assert!(ask("2001:db8:0:1::1"));
        assert!(ask("192.0.2.1") && ask("::ffff:192.0.2.1") && !ask("192.0.2.1"));
        let wait = limiter.check("192.0.2.1".parse().unwrap()).unwrap_err();
        assert!((1..=60).contains(&wait), "{wait}");
    }
}
