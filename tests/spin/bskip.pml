/* The protocol of bskip-core: descend, insert with split and post, remove with absorb, retire and recycle,
 * and the making of a level. README.md says what the model leaves out, and lists the scenes (-DSCENE=n) and
 * the seeded bugs (-DBUG=n).
 *
 * An even version means that the node is unlocked, an odd one that it is locked. Outside `atomic` and
 * `d_step`, every label, test and assignment is one step. Other processes may run between any two steps.
 */

#ifndef SCENE
#define SCENE 1
#endif
#ifndef BUG
#define BUG 0
#endif

#define NL 4          /* leaves: blocks 1..NL; block 1 is the first leaf, which is never retired */
#define NI 2          /* inner nodes: blocks 1..NI */
#define MAXKEY 4      /* keys 1..MAXKEY; 0 is the low fence of the first node */
#define CAP 2         /* slots of a node, leaf or inner */
#define WATCHERS 4

#define NONE 0        /* marks: what a node states that it is */
#define LEAF 1
#define INNER 2

typedef Leaf { byte ver, mark, low, high, next, keys };           /* keys: bit k for key k */
typedef Inner { byte ver, mark, low, high, next, e[MAXKEY + 1] }; /* e[k]: the child of the entry at k */

Leaf L[NL + 1];
Inner I[NI + 1];
byte leaf_free, inner_free;  /* the pools: bit i for block i */
byte root;                   /* the level where searches start: 0 or 1 */
byte head;                   /* the first inner node, 0 before there is one */

/* Ghosts. */
byte present;                        /* what the map holds, by linearization points */
byte watch[WATCHERS];                /* the key that an operation is about, 0 for none */
byte was_present, was_absent;        /* bit w: it was so at some moment since operation w began */
hidden byte g, h;                    /* scratch within one step */

#define bit(k) (1 << (k))
#define has(set, k) (((set) >> (k)) & 1)
#define odd(v) ((v) & 1)
#define count_keys(s) (has(s, 1) + has(s, 2) + has(s, 3) + has(s, 4))
#define used(p, k) (I[p].e[k] != 0)
#define count_entries(p) (used(p, 0) + used(p, 1) + used(p, 2) + used(p, 3) + used(p, 4))
#define hi_of(n) (n.next == 0 -> MAXKEY + 1 : n.high)

/* ---- ghosts -------------------------------------------------------------------------------------------- */

inline look(w) {
	if
	:: has(present, watch[w]) -> was_present = was_present | bit(w)
	:: else -> was_absent = was_absent | bit(w)
	fi
}

/* Operation `me` about `k` begins. */
inline begin(k) {
	d_step { watch[me] = k; was_present = was_present & ~bit(me); was_absent = was_absent & ~bit(me); look(me) }
}

inline end() {
	d_step { watch[me] = 0; was_present = was_present & ~bit(me); was_absent = was_absent & ~bit(me) }
}

/* A search without a lock has its answer. */
inline answer(found) {
	d_step {
		assert(!(found) || has(was_present, me));  /* it found a key that was absent throughout */
		assert((found) || has(was_absent, me));    /* it missed a key that was present throughout */
		watch[me] = 0; was_present = was_present & ~bit(me); was_absent = was_absent & ~bit(me)
	}
}

/* The linearization point of a change. */
inline now_present(k, yes) {
	if
	:: yes -> present = present | bit(k)
	:: else -> present = present & ~bit(k)
	fi;
	g = 0;
	do
	:: g < WATCHERS ->
		if
		:: watch[g] == k -> look(g)
		:: else
		fi;
		g++
	:: else -> break
	od;
	g = 0
}

/* No two unlocked nodes of a level claim the same key. */
inline one_authority() {
	g = 1;
	do
	:: g < NL ->
		h = g + 1;
		do
		:: h <= NL ->
			assert(odd(L[g].ver) || odd(L[h].ver) || L[g].mark != LEAF || L[h].mark != LEAF
			       || hi_of(L[g]) <= L[h].low || hi_of(L[h]) <= L[g].low);
			h++
		:: else -> break
		od;
		g++
	:: else -> break
	od;
	assert(odd(I[1].ver) || odd(I[2].ver) || I[1].mark != INNER || I[2].mark != INNER
	       || hi_of(I[1]) <= I[2].low || hi_of(I[2]) <= I[1].low);
	g = 0;
	h = 0
}

/* ---- the version lock (lock.rs) ------------------------------------------------------------------------ */

/* ok: whether `node`, read in the state v, is now locked */
#if BUG == 7 /* the lock ignores the version */
#define TRY_LOCK(node, v) atomic { if :: !odd(node.ver) -> v = node.ver; node.ver = v + 1; ok = 1 :: else -> ok = 0 fi }
#else
#define TRY_LOCK(node, v) atomic { if :: node.ver == v -> node.ver = v + 1; ok = 1 :: else -> ok = 0 fi }
#endif

#if BUG == 3 /* an unlock restores the old version */
#define BUMP(node) node.ver = node.ver - 1
#else
#define BUMP(node) node.ver = node.ver + 1
#endif
#define UNLOCK(node) d_step { assert(odd(node.ver)); BUMP(node); one_authority() }
#define UNLOCK_UNCHANGED(node) d_step { assert(odd(node.ver)); node.ver = node.ver - 1 }

/* ---- the pools ----------------------------------------------------------------------------------------- */

/* Any free block: a harder test than the last one released. 0 if there is none. */
inline acquire_leaf(b) {
	atomic {
		if
		:: leaf_free == 0 -> b = 0
		:: has(leaf_free, 2) -> b = 2
		:: has(leaf_free, 3) -> b = 3
		:: has(leaf_free, 4) -> b = 4
		fi;
		leaf_free = leaf_free & ~(b == 0 -> 0 : bit(b))
	}
}

inline acquire_inner(b) {
	atomic {
		if
		:: inner_free == 0 -> b = 0
		:: has(inner_free, 1) -> b = 1
		:: has(inner_free, 2) -> b = 2
		fi;
		inner_free = inner_free & ~(b == 0 -> 0 : bit(b))
	}
}

/* ---- searching (search/) ------------------------------------------------------------------------------- */

#if BUG == 1 /* the reader does not check the level */
#define WRONG_LEAF(k) (k < L[n].low)
#define WRONG_INNER(k) (k < I[p].low)
#elif BUG == 2 /* the reader does not check the low fence */
#define WRONG_LEAF(k) (L[n].mark != LEAF)
#define WRONG_INNER(k) (I[p].mark != INNER)
#else
#define WRONG_LEAF(k) (L[n].mark != LEAF || k < L[n].low)
#define WRONG_INNER(k) (I[p].mark != INNER || k < I[p].low)
#endif

/* Goes from n to the leaf for k; v is its version. n = 0 if the steps do not reach that leaf. */
inline settle_leaf(k) {
	do
	:: atomic { !odd(L[n].ver) -> v = L[n].ver };
	   if
	   :: atomic { WRONG_LEAF(k) -> n = 0 }; break
	   :: atomic { else -> skip }
	   fi;
	   if
	   :: k < L[n].high -> break
	   :: atomic { else -> t = L[n].next }
	   fi;
	   atomic {
		if
		:: L[n].ver != v -> n = 0; t = 0; break
		:: L[n].ver == v && t == 0 -> break
		:: else -> n = t; t = 0
		fi
	   }
	od;
	skip
}

inline settle_inner(k) {
	do
	:: atomic { !odd(I[p].ver) -> pv = I[p].ver };
	   if
	   :: atomic { WRONG_INNER(k) -> p = 0 }; break
	   :: atomic { else -> skip }
	   fi;
	   if
	   :: k < I[p].high -> break
	   :: atomic { else -> t = I[p].next }
	   fi;
	   atomic {
		if
		:: I[p].ver != pv -> p = 0; t = 0; break
		:: I[p].ver == pv && t == 0 -> break
		:: else -> p = t; t = 0
		fi
	   }
	od;
	skip
}

/* p, pv: the inner node for k. The root's level is 1. The search begins at the head or, as if by a hint, at
   any block. */
inline find_inner(k) {
	do
#if SCENE == 3
	:: p = head;
#else
	:: atomic {
		if
		:: p = head
		:: p = 3 - head
		fi
	   };
#endif
	   settle_inner(k);
	   if
	   :: p != 0 -> break
	   :: else
	   fi
	od;
	skip
}

/* The child in inner node p to follow for k. */
inline child_for(k, c) {
	d_step {
		c = 0; g = 0;
		do
		:: g <= k ->
			if
			:: I[p].e[g] != 0 -> c = I[p].e[g]
			:: else
			fi;
			g++
		:: else -> break
		od;
		g = 0
	}
}

/* The leaf for k: n, v. */
inline find_leaf(k) {
	do
	:: if
	   :: root == 0 -> n = 1
	   :: else ->
		find_inner(k);
		child_for(k, n);
#if BUG == 10 /* the child is followed without validation of the node that named it */
		d_step { p = 0; pv = 0 }
#else
		d_step {
			if
			:: I[p].ver != pv -> n = 0
			:: else
			fi;
			p = 0; pv = 0
		}
#endif
	   fi;
	   if
	   :: n != 0 -> settle_leaf(k)
	   :: else
	   fi;
	   if
	   :: n != 0 -> break
	   :: else
	   fi
	od;
	skip
}

/* ---- get (read/get.rs) --------------------------------------------------------------------------------- */

inline get(k) {
	begin(k);
	do
	:: find_leaf(k);
	   x = L[n].keys;
	   if
#if BUG == 5 /* a reader does not validate */
	   :: atomic { true -> answer(has(x, k)) }; break
#else
	   :: atomic { L[n].ver == v -> answer(has(x, k)) }; break
	   :: atomic { else -> skip }
#endif
	   fi
	od;
	skip;
	d_step { n = 0; v = 0; x = 0 }
}

/* ---- insert (write/insert.rs) -------------------------------------------------------------------------- */

#if SCENE >= 8
#define MAY_SPILL(k) (!has(x, k) && count_keys(x) == CAP && (x >> k) != 0 && root == 1)
#else
#define MAY_SPILL(k) false
#endif

inline insert(k) {
	begin(k);
	do
	:: find_leaf(k);
	   x = L[n].keys;
	   ok = 0;
	   if
	   :: MAY_SPILL(k) -> spill(k)
	   :: else
	   fi;
	   if
	   :: ok && n == 0 -> break   /* the redistribution inserted k */
	   :: ok && n != 0   /* a pair has moved: start again */
	   :: else ->
		to_post_in(k);
		TRY_LOCK(L[n], v);
		if
		:: ok -> break
		:: else -> d_step { p = 0; pv = 0; s = 0 }
		fi
	   fi
	od;
	if
	:: n == 0
	:: n != 0 && has(x, k) ->
		assert(has(present, k));
#if BUG == 8 /* a lock is left held */
		skip
#else
		UNLOCK_UNCHANGED(L[n])
#endif
	:: n != 0 && !has(x, k) && count_keys(x) < CAP ->
		assert(!has(present, k));
		L[n].keys = x | bit(k);
		d_step { assert(odd(L[n].ver)); BUMP(L[n]); now_present(k, 1); one_authority() }
	:: else ->
		assert(!has(present, k));
		acquire_leaf(r);
		if
		:: r == 0 -> UNLOCK_UNCHANGED(L[n])   /* no memory */
		:: else -> split_and_insert(k); post_locked(k)
		fi
	fi;
	end();
	d_step { n = 0; v = 0; x = 0; r = 0; s = 0; p = 0; pv = 0; ok = 0 }
}

/* s: the key at which the full leaf with keys x splits. If k is greater than all others, it starts a node of
   its own; otherwise the greater of the two keys moves. */
inline split_key(k) {
	s = MAXKEY;
	do
	:: has(x, s) -> break
	:: else -> s--
	od;
	if
	:: k > s -> s = k
	:: else
	fi
}

/* p, pv: the level-1 node that is to get the fresh leaf's entry, if k will split leaf n. Nothing is locked.
   The search tries once, so it may find none. */
inline to_post_in(k) {
	if
	:: root == 1 && !has(x, k) && count_keys(x) == CAP ->
		if
		:: d_step { split_key(k) }; find_inner(s)
		:: true
		fi
	:: else
	fi
}

/* Splits the full, locked leaf n, whose keys are x. r is the fresh leaf, which stays locked; s is its low
   fence. */
inline split_and_insert(k) {
	d_step {
		assert(!odd(L[r].ver) && L[r].mark == NONE);
		split_key(k);
		L[r].ver = L[r].ver + 1
	};
#if BUG == 9 /* the fresh leaf states its level before it is locked */
	L[r].ver = L[r].ver + 1;
#endif
	d_step { L[r].low = s; L[r].next = 0; L[r].keys = 0; L[r].mark = LEAF };
	d_step { L[r].high = L[n].high; L[r].next = L[n].next };
	L[n].high = s;
	L[r].keys = x & ~(bit(s) - 1);
	L[n].next = r;
	L[n].keys = x & (bit(s) - 1);
	if
	:: k >= s -> L[r].keys = L[r].keys | bit(k)
	:: else -> L[n].keys = L[n].keys | bit(k)
	fi;
	if
	:: k >= s -> UNLOCK(L[n])
	:: else -> d_step { assert(odd(L[n].ver)); BUMP(L[n]); now_present(k, 1); one_authority() }
	fi;
	d_step { n = 0; v = 0; x = 0; ok = 0 }
}

/* ---- redistribution (write/boundary.rs) ---------------------------------------------------------------- */

/* Moves a pair of the full leaf n, read in the state v, to a neighbour. ok: whether it did. Then it also
   inserts k and sets n to 0, unless k's leaf is full. (In the code that leaf is never full: there, a
   neighbour with room has two free slots.) r, q: the neighbour and its version. s: the boundary. c: the block
   to which the entry at s leads, 0 if that entry must stay. */
inline spill(new) {
	d_step { r = L[n].next; s = L[n].high };
	if
	:: L[n].ver != v || r == 0
	:: else -> spill_to(n, v, r, q, new)
	fi;
	d_step { r = 0; q = 0; p = 0; pv = 0; c = 0; s = L[n].low };
	if
	:: ok || L[n].ver != v || n == 1
	:: else ->
		movable_entry();
		/* The entry before s. It exists, because the entry at s is not the first one. */
		if
		:: c == 0
		:: else ->
			child_for(s - 1, r);
			if
			:: I[p].ver != pv
			:: else -> spill_to(r, q, n, v, new)
			fi
		fi
	fi;
	d_step { r = 0; q = 0; p = 0; pv = 0; c = 0; s = 0 }
}

inline movable_entry() {
	find_inner(s);
#if BUG == 18 /* a parent's first entry may move */
	c = I[p].e[s]
#else
	c = (I[p].low == s -> 0 : I[p].e[s])
#endif
}

/* le, ri: the left and the right leaf; lev, riv: their versions; kk: the key to insert. r is the one of the
   two leaves that is not full. */
inline spill_to(le, lev, ri, riv, kk) {
	if
	:: odd(L[r].ver)
	:: atomic { else -> q = L[r].ver };
	   if
	   :: count_keys(L[r].keys) == CAP
	   :: else ->
		movable_entry();
		if
		:: c == 0
		:: else -> move_seam(le, lev, ri, riv, kk)
		fi
	   fi
	fi
}

#if BUG == 16 /* it does not check whether they are neighbours */
#define ARE_NEIGHBOURS(a, b) true
#else
#define ARE_NEIGHBOURS(a, b) (L[a].next == b && I[p].e[s] == b)
#endif

inline move_seam(le, lev, ri, riv, kk) {
	TRY_LOCK(I[p], pv);
	if
	:: !ok
	:: else ->
		TRY_LOCK(L[le], lev);
		if
		:: !ok -> UNLOCK_UNCHANGED(I[p])
		:: else ->
			TRY_LOCK(L[ri], riv);
			if
			:: !ok -> UNLOCK_UNCHANGED(L[le]); UNLOCK_UNCHANGED(I[p])
			:: ok && !ARE_NEIGHBOURS(le, ri) ->
				ok = 0;
				UNLOCK_UNCHANGED(L[ri]); UNLOCK_UNCHANGED(L[le]); UNLOCK_UNCHANGED(I[p])
			:: else ->
				/* c: the new boundary */
				if
				:: r == ri ->
					d_step {
						c = MAXKEY;
						do
						:: has(L[le].keys, c) -> break
						:: else -> c--
						od
					};
					L[ri].keys = L[ri].keys | bit(c);
					L[ri].low = c;
					L[le].keys = L[le].keys & ~bit(c)
				:: else ->
					d_step {
						c = MAXKEY;
						do
						:: has(L[ri].keys, c) -> break
						:: else -> c--
						od
					};
					L[le].keys = L[le].keys | (L[ri].keys & ~bit(c));
					L[ri].keys = bit(c);
					L[ri].low = c
				fi;
				L[le].high = c;
#if BUG != 17 /* 17: the entry stays where it was */
				I[p].e[s] = 0;
				I[p].e[c] = ri;
#endif
				UNLOCK(I[p]);
				if
				:: kk < c && count_keys(L[le].keys) < CAP ->
					L[le].keys = L[le].keys | bit(kk);
					d_step { assert(odd(L[le].ver)); BUMP(L[le]); now_present(kk, 1); one_authority() };
					UNLOCK(L[ri]);
					n = 0
				:: kk >= c && count_keys(L[ri].keys) < CAP ->
					L[ri].keys = L[ri].keys | bit(kk);
					d_step { assert(odd(L[ri].ver)); BUMP(L[ri]); now_present(kk, 1); one_authority() };
					UNLOCK(L[le]);
					n = 0
				:: else ->
					UNLOCK(L[ri]);
					UNLOCK(L[le])
				fi
			fi
		fi
	fi
}

/* ---- a new level (write/raise.rs) ---------------------------------------------------------------------- */

inline raise() {
	if
	:: root == 1
	:: else ->
		if
		:: head != 0
		:: else ->
			acquire_inner(q);
			if
			:: q == 0
			:: else ->
				I[q].ver = I[q].ver + 1;
				d_step { I[q].low = 0; I[q].next = 0; I[q].mark = INNER; I[q].e[0] = 1 };
				atomic {
					if
					:: head == 0 -> head = q
					:: else -> x = 1
					fi
				};
				if
				:: x == 1 ->
#if BUG == 14 /* the head that lost the race is unlocked before it is retired */
					UNLOCK(I[q]);
					I[q].ver = I[q].ver + 1;
#endif
					d_step { I[q].mark = NONE; I[q].e[0] = 0 };
					UNLOCK(I[q]);
					inner_free = inner_free | bit(q)
				:: else -> UNLOCK(I[q])
				fi;
				d_step { x = 0; q = 0 }
			fi
		fi;
		if
		:: head != 0 -> root = 1
		:: else
		fi
	fi
}

/* ---- post (write/post.rs) ------------------------------------------------------------------------------ */

/* Enters the fresh leaf r into the inner node p, if p was found and is still in the state pv. r starts at s
   and has been locked since it was split off. k: the key that split it off. */
inline post_locked(k) {
	if
	:: p == 0
	:: else -> TRY_LOCK(I[p], pv)
	fi;
	if
	:: !ok
	:: ok && (I[p].e[s] != 0 || count_entries(p) == CAP) -> UNLOCK_UNCHANGED(I[p]); ok = 0
	:: else -> I[p].e[s] = r; unlock_fresh(k); UNLOCK(I[p])
	fi;
	d_step { p = 0; pv = 0 };
	if
	:: ok
	:: else -> unlock_fresh(k); post()
	fi
}

/* Unlocks the leaf r for the first time. It starts at s; k split it off. */
inline unlock_fresh(k) {
#if BUG == 9
	d_step { one_authority() };
	if
	:: k >= s -> d_step { now_present(k, 1) }
	:: else
	fi
#else
	if
	:: k >= s -> d_step { assert(odd(L[r].ver)); BUMP(L[r]); now_present(k, 1); one_authority() }
	:: else -> UNLOCK(L[r])
	fi
#endif
}

/* Enters the leaf r, which started at s when it was split off, into level 1. */
inline post() {
	raise();
	do
	:: root == 0 -> break   /* no memory: it stays without an entry */
	:: else ->
	   find_inner(s);
	   TRY_LOCK(I[p], pv);
	   if
	   :: !ok
	   :: ok && I[p].e[s] != 0 -> UNLOCK_UNCHANGED(I[p]); break
	   :: else ->
#if BUG == 6 /* the thread does not check the child */
		c = 1;
#else
		/* c: 0 if the child is contended, 1 if it is locked, 2 if it is gone */
		if
		:: odd(L[r].ver) -> c = 0
		:: atomic { else -> v = L[r].ver };
		   if
		   :: L[r].mark != LEAF || L[r].low != s ->
			atomic {
				if
				:: L[r].ver == v -> c = 2
				:: else -> c = 0
				fi
			}
		   :: else -> TRY_LOCK(L[r], v); c = ok
		   fi
		fi;
#endif
		if
		:: c == 0 -> UNLOCK_UNCHANGED(I[p])
		:: c == 2 -> UNLOCK_UNCHANGED(I[p]); break
		:: else ->
			if
			:: count_entries(p) < CAP ->
				I[p].e[s] = r;
				unlock_posted();
				UNLOCK(I[p])
			:: else ->
				acquire_inner(q);
				if
				:: q == 0 ->
#if BUG != 6
					UNLOCK_UNCHANGED(L[r]);
#endif
					UNLOCK_UNCHANGED(I[p])
				:: else ->
					split_inner();
					unlock_posted();
					UNLOCK(I[p])
				fi
			fi;
			break
		fi
	   fi
	od;
	skip;
	d_step { p = 0; pv = 0; q = 0; c = 0; v = 0; r = 0; s = 0; ok = 0 }
}

inline unlock_posted() {
#if BUG == 6
	skip
#elif BUG == 13 /* the posted child keeps its version */
	UNLOCK_UNCHANGED(L[r])
#else
	UNLOCK(L[r])
#endif
}

/* Splits the full inner node p into itself and q, and enters r at s. x: the low fence of q. q gets no entry:
   there is no level 2, as if there were no memory for one. */
inline split_inner() {
	d_step {
		assert(!odd(I[q].ver) && I[q].mark == NONE);
		x = MAXKEY;
		do
		:: I[p].e[x] != 0 -> break
		:: else -> x--
		od;
		if
		:: s > x -> x = s
		:: else
		fi;
		I[q].ver = I[q].ver + 1
	};
	d_step { I[q].low = x; I[q].next = I[p].next; I[q].high = I[p].high; I[q].mark = INNER };
	I[p].high = x;
	d_step { I[q].e[x] = I[p].e[x]; I[p].next = q };
	I[p].e[x] = 0;
	if
	:: s == x -> I[q].e[s] = r
	:: else -> I[p].e[s] = r
	fi;
	UNLOCK(I[q]);
	x = 0
}

/* ---- remove and absorb (write/remove.rs, write/absorb.rs) ---------------------------------------------- */

inline remove(k) {
	begin(k);
	do
	:: find_leaf(k);
	   x = L[n].keys;
	   if
	   :: !has(x, k) ->
		if
		:: atomic { L[n].ver == v -> answer(0) }; x = CAP; break
		:: atomic { else -> skip }
		fi
	   :: else ->
		TRY_LOCK(L[n], v);
		if
		:: ok ->
			assert(has(L[n].keys, k) && has(present, k));
			x = x & ~bit(k);
			L[n].keys = x;
			d_step { assert(odd(L[n].ver)); BUMP(L[n]); now_present(k, 0); one_authority() };
			x = count_keys(x);
			break
		:: else
		fi
	   fi
	od;
	end();
	d_step { n = 0; v = 0; ok = 0 };
	if
	:: x < CAP -> x = 0; compact(k)
	:: else -> x = 0
	fi
}

#define REFUSED 0
#define DONE 1
#define CONTENDED 2

/* Merges the leaf at k with its right or left neighbour, if there is room. */
inline compact(k) {
	do
	:: find_leaf(k);
	   d_step { s = (L[n].next == 0 -> 0 : L[n].high); m = L[n].low; x = count_keys(L[n].keys) };
	   if
	   :: L[n].ver != v -> res = CONTENDED
	   :: else ->
		d_step { n = 0; v = 0; res = REFUSED };
		if
		:: x < CAP && s != 0 -> absorb()
		:: else
		fi;
		if
		:: x < CAP && res != DONE && m != 0 ->
			again = (res == CONTENDED);
			s = m;
			absorb();
			res = (again && res == REFUSED -> CONTENDED : res)
		:: else
		fi
	   fi;
	   d_step { s = 0; m = 0; again = 0; n = 0; v = 0 };
	   if
	   :: res != CONTENDED -> break
	   :: else
	   fi
	od;
	skip;
	d_step { x = 0; res = 0 }
}

/* Merges the leaf that starts at s into its left neighbour. n, v: left; r, rv: right; p, pv: parent. */
inline absorb() {
	find_leaf(s - 1);
	d_step { r = L[n].next; c = L[n].high; y = count_keys(L[n].keys) };
	if
	:: L[n].ver != v -> res = CONTENDED
	:: else ->
		if
		:: r == 0 || c != s -> res = REFUSED
		:: else ->
#if BUG == 12 /* the root's level is read before the right node's version */
			c = root;
#endif
			atomic { !odd(L[r].ver) -> rv = L[r].ver };
			d_step {
				y = y + count_keys(L[r].keys);
				ok = (L[r].mark == LEAF && L[r].low == s)
			};
			if
			:: L[r].ver != rv || !ok -> res = CONTENDED
			:: else ->
				if
				:: y > CAP -> res = REFUSED
				:: else ->
#if BUG != 12
					c = root;
#endif
					if
					:: c == 0 -> absorb_locking()
					:: else -> absorb_below_parent()
					fi
				fi
			fi
		fi
	fi;
	d_step { n = 0; v = 0; r = 0; rv = 0; p = 0; pv = 0; c = 0; y = 0; q = 0; ok = 0 }
}

inline absorb_below_parent() {
	find_inner(s);
	c = I[p].e[s];
#if BUG == 11 /* a parent may lose its first entry */
	y = 0;
#else
	y = (c != 0 && I[p].low == s);
#endif
	if
	:: y ->
		if
		:: I[p].ver != pv -> res = CONTENDED
		:: else ->
			absorb_inner();
			res = (res == DONE -> CONTENDED : res)
		fi
	:: else ->
		TRY_LOCK(I[p], pv);
		if
		:: !ok -> res = CONTENDED
		:: else ->
			y = c;
			c = 1;
			absorb_locking()
		fi
	fi
}

/* Locks left and right. c: whether the parent is locked; y: whether it has an entry to take out. */
inline absorb_locking() {
	TRY_LOCK(L[n], v);
	if
	:: !ok -> res = CONTENDED
	:: else ->
		TRY_LOCK(L[r], rv);
		if
		:: !ok -> UNLOCK_UNCHANGED(L[n]); res = CONTENDED
		:: else ->
			res = DONE;
#if BUG != 4 /* 4: the parent keeps the entry */
			if
			:: c != 0 && y != 0 -> I[p].e[s] = 0
			:: else
			fi;
#endif
			L[n].keys = L[n].keys | L[r].keys;
			L[n].high = L[r].high;
			L[n].next = L[r].next;
#if BUG == 15 /* the block is given back while it is still a node */
			leaf_free = leaf_free | bit(r);
#endif
			d_step { L[r].mark = NONE; L[r].keys = 0 };
			UNLOCK(L[r]);
			UNLOCK(L[n])
		fi
	fi;
	if
	:: c == 0
	:: c != 0 && res == DONE -> UNLOCK(I[p])
	:: else -> UNLOCK_UNCHANGED(I[p])
	fi;
	if
	:: res == DONE -> leaf_free = leaf_free | bit(r)
	:: else
	fi
}

/* Merges the inner node that starts at s into its left neighbour. Level 1 is the root's. */
inline absorb_inner() {
	find_inner(s - 1);
	d_step { q = I[p].next; ok = (I[p].high == s); y = count_entries(p) };
	if
	:: I[p].ver != pv -> res = CONTENDED
	:: else ->
		if
		:: q == 0 || !ok -> res = REFUSED
		:: else ->
			atomic { !odd(I[q].ver) -> rv = I[q].ver };
			d_step { y = y + count_entries(q); ok = (I[q].mark == INNER && I[q].low == s) };
			if
			:: I[q].ver != rv || !ok -> res = CONTENDED
			:: else ->
				if
				:: y > CAP -> res = REFUSED
				:: else -> absorb_inner_locking()
				fi
			fi
		fi
	fi
}

inline absorb_inner_locking() {
	TRY_LOCK(I[p], pv);
	if
	:: !ok -> res = CONTENDED
	:: else ->
		TRY_LOCK(I[q], rv);
		if
		:: !ok -> UNLOCK_UNCHANGED(I[p]); res = CONTENDED
		:: else ->
			d_step {
				g = 1;
				do
				:: g <= MAXKEY ->
					if
					:: I[q].e[g] != 0 -> I[p].e[g] = I[q].e[g]
					:: else
					fi;
					g++
				:: else -> break
				od
			};
			d_step { I[p].high = I[q].high; I[p].next = I[q].next };
			d_step {
				I[q].mark = NONE; I[q].e[1] = 0; I[q].e[2] = 0; I[q].e[3] = 0; I[q].e[4] = 0
			};
			UNLOCK(I[q]);
			UNLOCK(I[p]);
			inner_free = inner_free | bit(q);
			res = DONE
		fi
	fi
}

/* ---- processes ----------------------------------------------------------------------------------------- */

proctype reader(byte me) {
	byte n, v, p, pv, t, x, k;
	select(k : 1 .. MAXKEY);
	get(k)
}

/* Inserts a, then b if it is not 0. */
proctype inserter(byte me; byte a; byte b) {
	byte n, v, p, pv, t, x, r, s, q, c;
	bit ok;
	do
	:: a == 0 -> break
	:: else -> insert(a); d_step { a = b; b = 0 }
	od;
	skip
}

/* Removes a, then b if it is not 0. */
proctype remover(byte me; byte a; byte b) {
	byte n, v, p, pv, t, x, r, rv, s, q, c, y, m, res;
	bit ok, again;
	do
	:: a == 0 -> break
	:: else -> remove(a); d_step { a = b; b = 0 }
	od;
	skip
}

/* What must hold when no thread runs: ARCHITECTURE.md, invariants 1 to 4. */
inline walk() {
	d_step {
		/* Leaves: a chain from block 1, fences that meet, keys between them, all that is present. */
		byte at = 1, low = 0, seen = 0, all = 0, k = 0;
		do
		:: at != 0 ->
			assert(!odd(L[at].ver) && L[at].mark == LEAF && L[at].low == low && !has(seen, at));
			seen = seen | bit(at);
			k = 1;
			do
			:: k <= MAXKEY ->
				assert(!has(L[at].keys, k) || (low <= k && k < hi_of(L[at])));
				k++
			:: else -> break
			od;
			all = all | L[at].keys;
			low = L[at].high;
			at = L[at].next
		:: else -> break
		od;
		assert(all == present);
		assert((seen & leaf_free) == 0 && (seen | leaf_free) == pool_of_leaves);
		/* Inner nodes: the same, the first entry at the low fence, each entry at its child's. */
		at = head; low = 0; seen = 0;
		assert(root == 0 || head != 0);
		do
		:: at != 0 ->
			assert(!odd(I[at].ver) && I[at].mark == INNER && I[at].low == low && !has(seen, at));
			assert(I[at].e[low] != 0);
			seen = seen | bit(at);
			k = 0;
			do
			:: k <= MAXKEY ->
				assert(I[at].e[k] == 0 || (low <= k && k < hi_of(I[at])));
				assert(I[at].e[k] == 0 || (L[I[at].e[k]].mark == LEAF && L[I[at].e[k]].low == k));
				k++
			:: else -> break
			od;
			low = I[at].high;
			at = I[at].next
		:: else -> break
		od;
		assert((seen & inner_free) == 0 && (seen | inner_free) == (bit(1) | bit(2)))
	}
}

#define LEAF_IS(b, l, h, nx, ks) \
	L[b].mark = LEAF; L[b].low = l; L[b].high = h; L[b].next = nx; L[b].keys = ks; present = present | (ks)
#define INNER_IS(b, l, h, nx) I[b].mark = INNER; I[b].low = l; I[b].high = h; I[b].next = nx
#define SPARE_LEAVES(set) leaf_free = set; pool_of_leaves = pool_of_leaves | (set)

byte pool_of_leaves;

init {
	atomic {
#if SCENE == 1 || SCENE == 7 /* absorb, retire, and reuse of the only block: at 4; in scene 7 at 3 */
		pool_of_leaves = bit(1) | bit(2);
		LEAF_IS(1, 0, 2, 2, bit(1));
		LEAF_IS(2, 2, 0, 0, bit(2) | bit(3));
		INNER_IS(1, 0, 0, 0); I[1].e[0] = 1; I[1].e[2] = 2;
		root = 1; head = 1; inner_free = bit(2);
		run remover(0, 2, 0);
#if SCENE == 1
		run inserter(1, 4, 0);
#else
		run inserter(1, 2, 0);
#endif
		run reader(2)
#elif SCENE == 2 /* split and post against absorb, with blocks to spare */
		pool_of_leaves = bit(1);
		SPARE_LEAVES(bit(2) | bit(3));
		LEAF_IS(1, 0, 0, 0, bit(1) | bit(3));
		INNER_IS(1, 0, 0, 0); I[1].e[0] = 1;
		root = 1; head = 1; inner_free = bit(2);
		run remover(0, 3, 0);
		run inserter(1, 2, 0);
		run reader(2)
#elif SCENE == 3 /* two threads make the first level 1 at once, against a merge at the root's level */
		pool_of_leaves = bit(1);
		SPARE_LEAVES(bit(2) | bit(3));
		LEAF_IS(1, 0, 0, 0, bit(1) | bit(3));
		inner_free = bit(1) | bit(2);
		run inserter(0, 2, 0);
		run inserter(1, 4, 0);
		run remover(2, 3, 0)
#elif SCENE == 4 /* a leaf that heads its parent: the parent is absorbed first */
		pool_of_leaves = bit(1) | bit(2);
		SPARE_LEAVES(bit(3));
		LEAF_IS(1, 0, 3, 2, bit(1));
		LEAF_IS(2, 3, 0, 0, bit(3));
		INNER_IS(1, 0, 3, 2); I[1].e[0] = 1;
		INNER_IS(2, 3, 0, 0); I[2].e[3] = 2;
		root = 1; head = 1;
		run remover(0, 3, 0);
		run inserter(1, 4, 0);
		run reader(2)
#elif SCENE == 5 || SCENE == 6 /* an inner node overflows; in scene 6, its block is reused as well */
		pool_of_leaves = bit(1) | bit(2);
		SPARE_LEAVES(bit(3));
		LEAF_IS(1, 0, 2, 2, bit(1));
		LEAF_IS(2, 2, 0, 0, bit(2) | bit(3));
		INNER_IS(1, 0, 0, 0); I[1].e[0] = 1; I[1].e[2] = 2;
		root = 1; head = 1; inner_free = bit(2);
#if SCENE == 5
		run inserter(0, 4, 0);
		run remover(1, 2, 0);
		run reader(2)
#else
		run inserter(0, 4, 3);
		run remover(1, 2, 4)
#endif
#elif SCENE == 8 /* a redistribution to the right against a merge of the two leaves */
		pool_of_leaves = bit(1) | bit(2);
		SPARE_LEAVES(bit(3));
		LEAF_IS(1, 0, 4, 2, bit(1) | bit(3));
		LEAF_IS(2, 4, 0, 0, bit(4));
		INNER_IS(1, 0, 0, 0); I[1].e[0] = 1; I[1].e[4] = 2;
		root = 1; head = 1; inner_free = bit(2);
		run remover(0, 4, 0);
		run inserter(1, 2, 0);
		run reader(2)
#elif SCENE == 9 /* a redistribution to the left, past a leaf without an entry that a thread merges away */
		pool_of_leaves = bit(1) | bit(2) | bit(3);
		LEAF_IS(1, 0, 1, 3, 0);
		LEAF_IS(3, 1, 2, 2, bit(1));
		LEAF_IS(2, 2, 0, 0, bit(2) | bit(4));
		INNER_IS(1, 0, 0, 0); I[1].e[0] = 1; I[1].e[2] = 2;
		root = 1; head = 1; inner_free = bit(2);
		run remover(0, 1, 0);
		run inserter(1, 3, 0);
		run reader(2)
#elif SCENE == 10 /* a full leaf whose neighbour heads its parent, until a merge of parents */
		pool_of_leaves = bit(1) | bit(2);
		SPARE_LEAVES(bit(3));
		LEAF_IS(1, 0, 4, 2, bit(1) | bit(3));
		LEAF_IS(2, 4, 0, 0, bit(4));
		INNER_IS(1, 0, 4, 2); I[1].e[0] = 1;
		INNER_IS(2, 4, 0, 0); I[2].e[4] = 2;
		root = 1; head = 1;
		run remover(0, 4, 0);
		run inserter(1, 2, 0)
#endif
	};
	_nr_pr == 1;
	walk()
}
