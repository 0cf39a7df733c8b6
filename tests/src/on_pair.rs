//! Every conditional operation on one pair, on a map and on `BTreeMap` side by side.

/// Runs one of the operations, which `$v` chooses, and compares what it says with the model. `$put` is the key as
/// methods that insert take it, `$key` as others do, `$owned` as the model does.
macro_rules! on_pair {
    ($map:expr, $model:expr, $put:expr, $key:expr, $owned:expr, $v:expr, $value:expr) => {{
        use bskip_core::{Compute, Operation};
        let (map, model, v, value) = ($map, $model, $v, $value);
        let old = model.get($key).cloned();
        let says_yes = v & 16 == 0;
        match v % 12 {
            0 => {
                let computed = map.compute($put, |seen| {
                    assert_eq!(seen, old.as_ref());
                    Operation::<_, ()>::Insert(value(v))
                });
                assert_eq!(computed, old.map_or(Compute::Inserted, Compute::Updated));
                model.insert($owned, value(v));
            }
            1 => {
                let computed =
                    map.try_compute($put, |_| Operation::<_, ()>::Remove).expect("needs no memory");
                assert_eq!(computed, old.map_or(Compute::Absent, Compute::Removed));
                model.remove($key);
            }
            2 => {
                let computed = map.compute($put, |seen| Operation::Abort(seen.cloned()));
                assert_eq!(computed, Compute::Aborted(old));
            }
            3 => {
                assert_eq!(&map.get_or_insert($put, value(v)), model.entry($owned).or_insert(value(v)));
            }
            4 => {
                let got = map.entry_or_insert_with($put, || value(v), |value| value.clone());
                assert_eq!(&got, model.entry($owned).or_insert_with(|| value(v)));
            }
            5 => {
                let got = map.update_or_insert_with(
                    $put,
                    |there| core::mem::replace(there, value(v)),
                    || value(v + 1),
                );
                assert_eq!(got, old);
                model.entry($owned).and_modify(|there| *there = value(v)).or_insert(value(v + 1));
            }
            6 => {
                let inserted = map.compare_insert($put, value(v), |seen| {
                    assert_eq!(Some(seen), old.as_ref());
                    says_yes
                });
                if old.is_none() || says_yes {
                    assert_eq!(inserted, Ok(model.insert($owned, value(v))));
                } else {
                    assert_eq!(inserted, Err(value(v)));
                }
            }
            7 => match model.get_mut($key) {
                Some(there) => {
                    assert_eq!(map.replace($key, value(v)), Ok(core::mem::replace(there, value(v))))
                }
                None => assert_eq!(map.replace($key, value(v)), Err(value(v))),
            },
            8 => {
                let current = old.clone().filter(|_| says_yes).unwrap_or_else(|| value(v + 1));
                match model.get_mut($key).filter(|there| **there == current) {
                    Some(there) => {
                        let exchanged = map.compare_exchange($key, &current, value(v));
                        assert_eq!(exchanged, Ok(core::mem::replace(there, value(v))));
                    }
                    None => assert_eq!(map.compare_exchange($key, &current, value(v)), Err(value(v))),
                }
            }
            9 => {
                let updated = map.fetch_update($key, |_| says_yes.then(|| value(v)));
                assert_eq!(updated, old.filter(|_| says_yes));
                model.entry($owned).and_modify(|there| {
                    if says_yes {
                        *there = value(v);
                    }
                });
            }
            10 => {
                assert_eq!(map.remove_if($key, |_| says_yes), old.filter(|_| says_yes));
                if says_yes {
                    model.remove($key);
                }
            }
            _ => assert_eq!(map.remove_entry($key), model.remove_entry($key)),
        }
    }};
}

pub(crate) use on_pair;
