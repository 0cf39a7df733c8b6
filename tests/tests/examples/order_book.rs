//! The example `order_book` of `bskip-core`.
//!
//! Properties:
//! - on one thread, every receipt, cancellation and ladder is that of two sorted maps;
//! - among threads, of each order what it took, what was taken of it, what was cancelled or shed, and what is
//!   left add up to its quantity; fills are at the maker's price and within the taker's limit; the book is
//!   never crossed when no order is under way; ladders are sorted, without an empty level.

#[path = "../../../bskip-core/examples/order_book/book.rs"]
mod book;

use book::{Fill, Level, OrderBook, Receipt, Side};
use std::collections::BTreeMap;
use tests::config::shared_steps;
use tests::rng::Rng;
use tests::threads::{self, Stop};

/// Price and number to quantity, of each side.
#[derive(Default)]
struct Oracle {
    bids: BTreeMap<(u64, u64), u64>,
    asks: BTreeMap<(u64, u64), u64>,
}

impl Oracle {
    fn side(&mut self, side: Side) -> &mut BTreeMap<(u64, u64), u64> {
        if side == Side::Buy { &mut self.bids } else { &mut self.asks }
    }

    /// The orders of a side, the best first: `(price, number, quantity)`.
    fn orders(&mut self, side: Side) -> Vec<(u64, u64, u64)> {
        let mut orders: Vec<_> =
            self.side(side).iter().map(|(&(price, order), &left)| (price, order, left)).collect();
        if side == Side::Buy {
            orders.sort_by_key(|&(price, order, _)| (!price, order));
        }
        orders
    }

    fn take(&mut self, taker: Side, limit: Option<u64>, mut left: u64) -> (Vec<Fill>, u64) {
        let mut fills = Vec::new();
        for (price, maker, offered) in self.orders(taker.opposite()) {
            if left == 0 || limit.is_some_and(|limit| is_worse(taker, limit, price)) {
                break;
            }
            let quantity = left.min(offered);
            let makers = self.side(taker.opposite());
            if quantity == offered {
                makers.remove(&(price, maker));
            } else {
                makers.insert((price, maker), offered - quantity);
            }
            left -= quantity;
            fills.push(Fill { maker, price, quantity });
        }
        (fills, left)
    }

    fn ladder(&mut self, side: Side, count: usize) -> Vec<Level> {
        let orders = self.orders(side);
        let levels = orders.chunk_by(|a, b| a.0 == b.0).map(|orders| Level {
            price: orders[0].0,
            quantity: orders.iter().map(|order| order.2).sum(),
            orders: orders.len(),
        });
        levels.take(count).collect()
    }
}

/// Whether a taker with this limit does not take this price.
fn is_worse(taker: Side, limit: u64, price: u64) -> bool {
    if taker == Side::Buy { price > limit } else { price < limit }
}

fn side(rng: &mut Rng) -> Side {
    if rng.below(2) == 0 { Side::Buy } else { Side::Sell }
}

#[test]
fn against_sorted_maps() {
    let (book, mut oracle, mut rng) = (OrderBook::new(), Oracle::default(), Rng::new(1));
    for order in 1..3000 {
        let (side, price, quantity) = (side(&mut rng), 90 + rng.below(20), 1 + rng.below(50));
        let is_limit = rng.below(4) > 0;
        let receipt = if is_limit { book.limit(side, price, quantity) } else { book.market(side, quantity) };
        let (fills, left) = oracle.take(side, is_limit.then_some(price), quantity);
        assert_eq!(receipt, Receipt { order, fills, left });
        if is_limit && left > 0 {
            oracle.side(side).insert((price, order), left);
        }
        let some = 1 + rng.below(order + 1);
        match rng.below(8) {
            0 | 1 => {
                let mut expected = None;
                for side in [Side::Buy, Side::Sell] {
                    let orders = oracle.side(side);
                    let key = orders.keys().copied().find(|&(_, number)| number == some);
                    expected = expected.or(key.and_then(|key| orders.remove(&key)));
                }
                assert_eq!(book.cancel(some), expected);
            }
            2 => {
                let last = oracle.orders(side).pop();
                last.map(|(price, number, _)| oracle.side(side).remove(&(price, number)));
                assert_eq!(book.shed(side), last.map(|(_, number, left)| (number, left)));
            }
            3 => assert_eq!(book.top(side, 3), oracle.ladder(side, 3)),
            4 => assert_eq!(book.top(side, 10), oracle.ladder(side, 10)),
            _ => assert_eq!(book.best(side), oracle.orders(side).first().map(|order| order.0)),
        }
    }
}

/// What a thread of `quantities_add_up` did.
#[derive(Default)]
struct Log {
    /// Receipts, each with the side, the limit if it was a limit order, and the quantity.
    receipts: Vec<(Side, Option<u64>, u64, Receipt)>,
    /// Orders that were cancelled or shed, and what was left of them.
    withdrawn: Vec<(u64, u64)>,
}

fn trade(book: &OrderBook, seed: u64, steps: u64) -> Log {
    let (mut log, mut rng) = (Log::default(), Rng::new(seed));
    for _ in 0..steps {
        let (side, price, quantity) = (side(&mut rng), 90 + rng.below(20), 1 + rng.below(50));
        match rng.below(8) {
            0 => log.withdrawn.extend(book.shed(side)),
            1 | 2 if !log.receipts.is_empty() => {
                let order = log.receipts[rng.below(log.receipts.len() as u64) as usize].3.order;
                log.withdrawn.extend(book.cancel(order).map(|left| (order, left)));
            }
            3 => log.receipts.push((side, None, quantity, book.market(side, quantity))),
            _ => log.receipts.push((side, Some(price), quantity, book.limit(side, price, quantity))),
        }
    }
    log
}

#[test]
fn quantities_add_up() {
    const TRADERS: usize = 3;
    let (book, steps, stop) = (OrderBook::new(), shared_steps(10_000), Stop::default());
    let logs = threads::run(TRADERS + 1, |t| {
        if t < TRADERS {
            let _stop = stop.raise_on_drop();
            return trade(&book, t as u64, steps);
        }
        while !stop.raised() {
            let (bids, asks) = (book.top(Side::Buy, 10), book.top(Side::Sell, 10));
            assert!(
                bids.is_sorted_by(|a, b| a.price > b.price) && asks.is_sorted_by(|a, b| a.price < b.price)
            );
            let mut levels = bids.iter().chain(&asks);
            assert!(levels.all(|level| level.orders > 0 && level.quantity >= level.orders as u64));
        }
        Log::default()
    });
    let crossed = book.best(Side::Buy).zip(book.best(Side::Sell)).is_some_and(|(bid, ask)| bid >= ask);
    assert!(!crossed, "a buyer and a seller missed each other");

    let mut orders = BTreeMap::new();
    for (side, limit, quantity, receipt) in logs.iter().flat_map(|log| &log.receipts) {
        assert!(orders.insert(receipt.order, (*side, *limit, *quantity)).is_none(), "a number comes twice");
    }
    // What is not accounted for, by order.
    let mut rest: BTreeMap<u64, u64> =
        orders.iter().map(|(&order, &(_, _, quantity))| (order, quantity)).collect();
    let mut account = |order: u64, quantity: u64| {
        let rest = rest.get_mut(&order).expect("an order of this test");
        *rest = rest.checked_sub(quantity).unwrap_or_else(|| panic!("order {order} was filled twice"));
    };
    for (side, limit, _, receipt) in logs.iter().flat_map(|log| &log.receipts) {
        for fill in &receipt.fills {
            let (maker, price, _) = orders[&fill.maker];
            assert_eq!((maker, price), (side.opposite(), Some(fill.price)), "{fill:?}");
            assert!(limit.is_none_or(|limit| !is_worse(*side, limit, fill.price)), "{fill:?}");
            account(receipt.order, fill.quantity);
            account(fill.maker, fill.quantity);
        }
        if limit.is_none() {
            account(receipt.order, receipt.left);
        }
    }
    logs.iter().flat_map(|log| &log.withdrawn).for_each(|&(order, left)| account(order, left));
    for side in [Side::Buy, Side::Sell] {
        while let Some((order, left)) = book.shed(side) {
            assert_eq!(book.cancel(order), None);
            account(order, left);
        }
    }
    assert!(rest.values().all(|&rest| rest == 0), "a quantity was lost");
}
