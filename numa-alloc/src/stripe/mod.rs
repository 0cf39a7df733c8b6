//! One node's part of a pool: blocks carved from the front of a range that grows, and free lists.
//!
//! From the bottom up; a file uses only what stands above it:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `pages` | what the kernel is asked for about fresh memory: its node, its page size, a first touch |
//! | `lists` | the stripe and its free lists: taking and giving a block, and its figures |
//! | `commit` | makes a piece of a stripe usable, with its links and replicas |
//! | `hugetlb`, `grow` | how much a stripe commits, from the hugetlb pool or as ordinary memory |
//! | `trim` | gives the memory of free blocks back to the system, and takes it again |
//! | `refill` | what an acquisition does when its free list is empty |

mod commit;
mod grow;
mod hugetlb;
mod lists;
mod pages;
mod refill;
mod trim;

pub(crate) use lists::{Stripe, StripeUsage};
