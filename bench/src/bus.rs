//! A hypervisor's bus: which device has an address? A look-up is a floor query, among a thousand ranges that
//! nearly never change. Measures our map against a `RwLock<BTreeMap>`, in turns.
//!
//! All threads look up random addresses. Now and then, a thread unplugs a device and plugs it in again. Every
//! answer is checked: the device of the address, or none in a gap. Of the device that comes and goes, both
//! answers are right.

use crate::interleaved::{Speeds, timed};
use crate::numbers;
use crate::random::random;
use crate::team::Team;
use bskip_core::BSkipMap;
use rand::RngExt;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{PoisonError, RwLock};

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub struct BusLookups {
    /// Threads
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = numbers::threads)]
    pub threads: usize,
    /// Devices, each with a range of addresses
    #[arg(long, value_name = "N", default_value = "1000", value_parser = numbers::keys)]
    pub devices: u64,
    /// Look-ups of all threads together in a turn
    #[arg(long, value_name = "N", default_value = "2M", value_parser = numbers::operations)]
    pub lookups: u64,
    /// A thread unplugs and plugs a device after this many look-ups
    #[arg(long, value_name = "N", default_value = "100k", value_parser = numbers::operations)]
    pub every: u64,
    /// Rounds; the median of each ratio is printed
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = numbers::rounds)]
    pub rounds: usize,
}

/// Addresses from the start of one device to the start of the next.
const STRIDE: u64 = 0x2000;
/// Addresses of a device. One in 64 is in a gap, because programs nearly always address a device that is there.
const SIZE: u64 = STRIDE / 64 * 63;

/// What the map knows of a device, besides where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Device {
    size: u64,
    number: u64,
}

/// Devices by the address where they start.
trait Bus: Sync {
    /// The device that starts last at or below `address`.
    fn floor(&self, address: u64) -> Option<(u64, Device)>;
    fn plug(&self, start: u64, device: Device);
    fn unplug(&self, start: u64);

    /// The device that has `address`.
    #[inline(always)]
    fn device_at(&self, address: u64) -> Option<u64> {
        self.floor(address)
            .filter(|(start, device)| address - start < device.size)
            .map(|(_, device)| device.number)
    }
}

impl Bus for BSkipMap<u64, Device> {
    #[inline(always)]
    fn floor(&self, address: u64) -> Option<(u64, Device)> {
        BSkipMap::floor(self, &address)
    }

    fn plug(&self, start: u64, device: Device) {
        self.insert(start, device);
    }

    fn unplug(&self, start: u64) {
        self.remove(&start);
    }
}

type Locked = RwLock<BTreeMap<u64, Device>>;

impl Bus for Locked {
    #[inline(always)]
    fn floor(&self, address: u64) -> Option<(u64, Device)> {
        let devices = self.read().unwrap_or_else(PoisonError::into_inner);
        devices.range(..=address).next_back().map(|(&start, &device)| (start, device))
    }

    fn plug(&self, start: u64, device: Device) {
        self.write().unwrap_or_else(PoisonError::into_inner).insert(start, device);
    }

    fn unplug(&self, start: u64) {
        self.write().unwrap_or_else(PoisonError::into_inner).remove(&start);
    }
}

impl BusLookups {
    /// Runs the measurement. Returns a report.
    ///
    /// # Errors
    /// An answer is wrong, or there are fewer look-ups than threads.
    pub fn run(self) -> Result<String, String> {
        if self.lookups < self.threads as u64 {
            return Err("at least one look-up is needed for each thread".into());
        }
        if self.every > self.lookups / self.threads as u64 {
            return Err(format!(
                "no thread would unplug a device: use --every {} or less",
                self.lookups / self.threads as u64
            ));
        }
        let team = Team::new(self.threads, "none").map_err(|e| e.to_string())?;
        let (ours, locked) = (BSkipMap::new(), Locked::default());
        for number in 0..self.devices {
            ours.plug(number * STRIDE, Device { size: SIZE, number });
            locked.plug(number * STRIDE, Device { size: SIZE, number });
        }
        let speeds = Speeds::<2>::measure(self.rounds, |way| match way {
            0 => self.turn(&team, &locked),
            _ => self.turn(&team, &ours),
        })?;
        let [locked, ours] = speeds.medians();
        let mut text = format!(
            "{} devices, {} threads, {} look-ups a turn, a device unplugged and plugged after {} of a thread; {} rounds\n",
            self.devices, self.threads, self.lookups, self.every, self.rounds
        );
        let _ = writeln!(text, "rwlock-btreemap {locked:>8.2} M look-ups/s");
        let _ = writeln!(
            text,
            "bskip           {ours:>8.2} M look-ups/s: {:.2} times as fast",
            speeds.ratio(1, 0)
        );
        Ok(text)
    }

    /// Look-ups a second, in millions.
    fn turn(self, team: &Team, bus: &impl Bus) -> Result<f64, String> {
        let each = self.lookups / self.threads as u64;
        let (wrong, seconds) = timed(team, |thread| self.look_up(bus, thread as u64, each))?;
        if wrong > 0 {
            return Err(format!("{wrong} look-ups gave a wrong device"));
        }
        Ok((each * self.threads as u64) as f64 / seconds / 1e6)
    }

    /// One thread's look-ups. Returns the number of wrong answers.
    fn look_up(self, bus: &impl Bus, thread: u64, each: u64) -> u64 {
        let mut random = random(21, thread);
        let mut wrong = 0;
        let comes_and_goes = self.devices / 2;
        for i in 1..=each {
            let address = random.random_range(0..self.devices * STRIDE);
            let number = address / STRIDE;
            let right = (address % STRIDE < SIZE).then_some(number);
            let found = bus.device_at(address);
            wrong += u64::from(found != right && !(number == comes_and_goes && found.is_none()));
            if i % self.every == 0 {
                bus.unplug(comes_and_goes * STRIDE);
                bus.plug(comes_and_goes * STRIDE, Device { size: SIZE, number: comes_and_goes });
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: BusLookups = BusLookups { threads: 2, devices: 100, lookups: 20_000, every: 50, rounds: 2 };

    #[test]
    fn answers_are_right_while_a_device_comes_and_goes() {
        let text = SMALL.run().unwrap();
        assert!(text.contains("bskip ") && text.contains("times as fast"), "{text}");
        assert!(BusLookups { lookups: 1, ..SMALL }.run().is_err());
        assert!(BusLookups { every: 10_001, ..SMALL }.run().unwrap_err().contains("--every 10000"));
    }

    /// A bus that gives the device before the right one.
    #[test]
    fn wrong_devices_are_found() {
        struct Wrong;
        impl Bus for Wrong {
            fn floor(&self, address: u64) -> Option<(u64, Device)> {
                let start = address / STRIDE * STRIDE;
                Some((start, Device { size: SIZE, number: (start / STRIDE).saturating_sub(1) }))
            }
            fn plug(&self, _: u64, _: Device) {}
            fn unplug(&self, _: u64) {}
        }
        let team = Team::new(2, "none").unwrap();
        assert!(SMALL.turn(&team, &Wrong).unwrap_err().contains("wrong device"));
    }
}
