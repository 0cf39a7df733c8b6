//! A market of one thing: traders, a thread that prints the best prices, and the book at the end.
//!
//! ```sh
//! cargo run -p bskip-core --example order_book
//! ```

mod book;

use std::collections::VecDeque;
use std::thread;

use book::{OrderBook, Side};

const TRADERS: u64 = 2;
const ORDERS: u64 = 20_000;

/// What a trader bought and sold, and the money that it paid minus the money that it received.
#[derive(Default, Debug)]
struct Account {
    bought: u64,
    sold: u64,
    paid: i64,
}

/// Trades around a price that drifts. Cancels orders that have rested for long.
fn trade(book: &OrderBook, seed: u64) -> Account {
    let (mut account, mut mine, mut state) = (Account::default(), VecDeque::new(), seed);
    let mut random = |below: u64| {
        // PCG's step: plain, but good enough for this.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for i in 0..ORDERS {
        let side = if random(2) == 0 { Side::Buy } else { Side::Sell };
        let (middle, quantity) = (10_000 + i / 1000, 1 + random(100));
        let receipt = match random(10) {
            0 => book.market(side, quantity),
            _ if side == Side::Buy => book.limit(side, middle + 5 - random(30), quantity),
            _ => book.limit(side, middle - 5 + random(30), quantity),
        };
        for fill in receipt.fills {
            let money = (fill.price * fill.quantity) as i64;
            match side {
                Side::Buy => {
                    account.bought += fill.quantity;
                    account.paid += money;
                }
                Side::Sell => {
                    account.sold += fill.quantity;
                    account.paid -= money;
                }
            }
        }
        mine.push_back(receipt.order);
        if mine.len() > 200 {
            let oldest = mine.pop_front().expect("there are 201");
            book.cancel(oldest);
        }
    }
    account
}

/// `101.25` for 10125 ticks.
fn shown(price: u64) -> String {
    format!("{}.{:02}", price / 100, price % 100)
}

/// Two sellers, a buyer that takes from both, and a buyer that waits.
fn by_hand() {
    let book = OrderBook::new();
    book.limit(Side::Sell, 10_100, 30);
    book.limit(Side::Sell, 10_050, 20);
    let receipt = book.market(Side::Buy, 40);
    for fill in &receipt.fills {
        println!(
            "order {} gets {} of order {} at {}",
            receipt.order,
            fill.quantity,
            fill.maker,
            shown(fill.price)
        );
    }
    let waiting = book.limit(Side::Buy, 10_000, 10);
    println!(
        "order {} waits for {}, and is cancelled: {:?}\n",
        waiting.order,
        waiting.left,
        book.cancel(waiting.order)
    );
}

fn main() {
    by_hand();
    let book = &OrderBook::new();
    thread::scope(|scope| {
        let traders: Vec<_> = (1..=TRADERS).map(|seed| scope.spawn(move || trade(book, seed))).collect();
        for _ in 0..5 {
            let best = |side| book.best(side).map_or("none".to_string(), shown);
            println!("bid {}, ask {}", best(Side::Buy), best(Side::Sell));
            thread::yield_now();
        }
        for trader in traders {
            println!("as a taker: {:?}", trader.join().expect("a trader does not panic"));
        }
    });
    println!(
        "\n{:>7} {:>8} {:>8} | {:<8} {:>8} {:>7}",
        "orders", "quantity", "bid", "ask", "quantity", "orders"
    );
    let (bids, asks) = (book.top(Side::Buy, 10), book.top(Side::Sell, 10));
    for i in 0..bids.len().max(asks.len()) {
        let (bid, ask) = (bids.get(i), asks.get(i));
        let left =
            bid.map_or(String::new(), |l| format!("{:>7} {:>8} {:>8}", l.orders, l.quantity, shown(l.price)));
        let right =
            ask.map_or(String::new(), |l| format!("{:<8} {:>8} {:>7}", shown(l.price), l.quantity, l.orders));
        println!("{left:>25} | {right}");
    }
    // A book that is closed for the day sheds its orders, the worst first.
    let (mut orders, mut quantity) = (0, 0);
    for side in [Side::Buy, Side::Sell] {
        while let Some((_, left)) = book.shed(side) {
            (orders, quantity) = (orders + 1, quantity + left);
        }
    }
    println!("\n{orders} orders with {quantity} in all are left at the end of the day");
}
