//! A limit order book with price-time priority.
//!
//! Each side is a map with one entry for each order: the key says how good the order is, the value is the
//! quantity that is left. A fill is one computation on the first entry, so no order is filled twice, and a
//! cancellation finds what is left at that moment.
//!
//! Only one thread at a time *adds* an order. Otherwise a buyer and a seller might miss each other, and the
//! book would stay crossed. All threads may take orders out meanwhile: market orders, cancellations and
//! readers wait for no lock of the book.

use bskip_core::{BSkipMap, Compute, Key, Operation};
use std::iter;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Buy,
    Sell,
}

impl Side {
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// A number that is less for a better price of this side. Applied to a rank, it gives the price back.
    fn rank(self, price: u64) -> u64 {
        match self {
            Self::Buy => !price,
            Self::Sell => price,
        }
    }
}

/// Where an order rests: by price, the best first, then by time, which is the order of the numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place {
    rank: u64,
    order: u64,
}

impl Key for Place {
    type Words = (u64, u64);

    fn to_words(self) -> (u64, u64) {
        (self.rank, self.order)
    }

    fn from_words((rank, order): (u64, u64)) -> Self {
        Self { rank, order }
    }
}

/// What an incoming order took from a resting one, at that one's price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fill {
    pub(crate) maker: u64,
    pub(crate) price: u64,
    pub(crate) quantity: u64,
}

/// What became of an incoming order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Receipt {
    /// The order's number.
    pub(crate) order: u64,
    /// What it took, in the order of price and time.
    pub(crate) fills: Vec<Fill>,
    /// What it did not get. Of a limit order, this rests in the book.
    pub(crate) left: u64,
}

/// All orders of one price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Level {
    pub(crate) price: u64,
    pub(crate) quantity: u64,
    pub(crate) orders: usize,
}

/// See the module. Prices are numbers of ticks.
pub(crate) struct OrderBook {
    bids: BSkipMap<Place, u64>,
    asks: BSkipMap<Place, u64>,
    /// Where each resting order is, to cancel it by its number.
    resting: BSkipMap<u64, (Side, u64)>,
    orders: AtomicU64,
    /// Held by the thread that adds an order.
    adding: Mutex<()>,
}

impl OrderBook {
    pub(crate) fn new() -> Self {
        Self {
            bids: BSkipMap::new(),
            asks: BSkipMap::new(),
            resting: BSkipMap::new(),
            orders: AtomicU64::new(1),
            adding: Mutex::new(()),
        }
    }

    fn side(&self, side: Side) -> &BSkipMap<Place, u64> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// An order at this price or a better one. What finds no match rests in the book.
    pub(crate) fn limit(&self, side: Side, price: u64, quantity: u64) -> Receipt {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let receipt = self.take(side.opposite(), side.opposite().rank(price), quantity);
        if receipt.left > 0 {
            let place = Place { rank: side.rank(price), order: receipt.order };
            self.resting.insert(receipt.order, (side, price));
            self.side(side).insert(place, receipt.left);
        }
        receipt
    }

    /// An order at any price. What finds no match is not bought or sold.
    pub(crate) fn market(&self, side: Side, quantity: u64) -> Receipt {
        self.take(side.opposite(), u64::MAX, quantity)
    }

    /// Takes a quantity from the orders of `side`, the best first, down to this rank.
    fn take(&self, side: Side, worst: u64, quantity: u64) -> Receipt {
        // Relaxed: the lock orders those that rest.
        let order = self.orders.fetch_add(1, Ordering::Relaxed);
        let (mut fills, mut left) = (Vec::new(), quantity);
        while left > 0 {
            let best = self.side(side).compute_first(|place, &offered| {
                if place.rank > worst {
                    Operation::Abort(())
                } else if offered > left {
                    Operation::Insert(offered - left)
                } else {
                    Operation::Remove
                }
            });
            let (place, quantity) = match best {
                Some((place, Compute::Updated(_))) => (place, left),
                Some((place, Compute::Removed(offered))) => {
                    self.resting.remove(&place.order);
                    (place, offered)
                }
                _ => break,
            };
            left -= quantity;
            fills.push(Fill { maker: place.order, price: side.rank(place.rank), quantity });
        }
        Receipt { order, fills, left }
    }

    /// Takes an order out of the book. Returns what was left of it, or `None` if it does not rest there.
    pub(crate) fn cancel(&self, order: u64) -> Option<u64> {
        let (side, price) = self.resting.get(&order)?;
        let left = self.side(side).remove(&Place { rank: side.rank(price), order })?;
        self.resting.remove(&order);
        Some(left)
    }

    /// Takes out the order that would be filled last, to keep the book small. Returns its number and what was
    /// left.
    pub(crate) fn shed(&self, side: Side) -> Option<(u64, u64)> {
        let (place, left) = self.side(side).pop_last()?;
        self.resting.remove(&place.order);
        Some((place.order, left))
    }

    /// The best price of a side.
    pub(crate) fn best(&self, side: Side) -> Option<u64> {
        self.side(side).first_key_value().map(|(place, _)| side.rank(place.rank))
    }

    /// The best `count` prices of a side with all orders, as they were at one moment.
    pub(crate) fn top(&self, side: Side, count: usize) -> Vec<Level> {
        let orders = self.side(side);
        let Some(behind_best) = count.checked_sub(1) else { return Vec::new() };
        loop {
            // How far the snapshot must reach: one look-up a price. The book may change meanwhile.
            let next = |(place, _): &(Place, u64)| orders.higher(&Place { order: u64::MAX, ..*place });
            let last = iter::successors(orders.first_key_value(), next).nth(behind_best);
            let end = last.map_or(Bound::Unbounded, |(place, _)| {
                Bound::Included(Place { order: u64::MAX, rank: place.rank })
            });
            let pairs = orders.range_snapshot((Bound::Unbounded, end));
            let same_price = |a: &(Place, u64), b: &(Place, u64)| a.0.rank == b.0.rank;
            let levels = pairs.chunk_by(same_price).map(|orders| Level {
                price: side.rank(orders[0].0.rank),
                quantity: orders.iter().map(|order| order.1).sum(),
                orders: orders.len(),
            });
            let levels: Vec<Level> = levels.take(count).collect();
            if levels.len() == count || last.is_none() {
                return levels;
            }
        }
    }
}
