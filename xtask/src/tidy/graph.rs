//! Finds which file of a crate uses which. A circle is a breach.
//!
//! A file uses another if it names something that the other defines. It may do so in a `use`, in a path, or
//! by calling an inherent method: on `self`, on `Self`, or on a variable that has the name of its type, if
//! the file names that type (`index.note(…)` of an `Index`). Re-exports (`pub use`) are only names: a file
//! that uses such a name uses the file that defines the item. Code under `cfg(test)` is left out.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, ImplItem, Item, ItemImpl, Meta, Token, Type, UseTree, Visibility};

use crate::tree;

/// Numbers a module of a crate.
type ModuleId = usize;
/// An inherent type: the module that defines it, and its name.
type Owner = (ModuleId, String);

/// The files of a crate, and which uses which.
#[derive(Default)]
pub(super) struct Graph {
    /// Relative to the root of the workspace.
    pub(super) files: Vec<PathBuf>,
    /// The file that uses, the file that is used, and the first place: its line and what is named there.
    pub(super) uses: BTreeMap<(usize, usize), (usize, String)>,
    modules: Vec<Module>,
    /// Files that define an inherent method.
    methods: HashMap<(Owner, String), BTreeSet<usize>>,
    /// Types with inherent methods, by the name that a variable of the type has.
    by_variable: HashMap<String, BTreeSet<Owner>>,
}

#[derive(Default)]
struct Module {
    file: usize,
    parent: Option<ModuleId>,
    children: HashMap<String, ModuleId>,
    /// What it defines itself.
    items: BTreeSet<String>,
    /// What `use` declarations name, and the paths.
    names: HashMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    content: Vec<Item>,
}

/// What a path leads to.
enum Found<'a> {
    Module,
    /// An item, and the segments behind it.
    Item(Owner, &'a [String]),
}

/// The graphs of all crates whose files are among `files`.
///
/// # Errors
///
/// A file that is no Rust.
pub(super) fn all(files: &[PathBuf]) -> Result<Vec<Graph>, String> {
    files.iter().filter(|path| is_root(path, files)).map(|path| Graph::new(path)).collect()
}

/// Whether a crate begins with this file.
fn is_root(path: &Path, files: &[PathBuf]) -> bool {
    let Some(folder) = path.parent() else { return false };
    let is_named =
        |names: &[&str]| names.iter().any(|name| path.file_name().is_some_and(|file| file == *name));
    let has_manifest = |folder: Option<&Path>| folder.is_some_and(|f| files.contains(&f.join("Cargo.toml")));
    let kind = |folder: &Path| {
        matches!(folder.file_name().and_then(|name| name.to_str()), Some("tests" | "benches" | "examples"))
    };
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    (folder.ends_with("src") && is_named(&["lib.rs", "main.rs"]) && has_manifest(folder.parent()))
        || (folder.ends_with("src/bin") && is_rust)
        || (kind(folder) && is_rust && has_manifest(folder.parent()))
        || (is_named(&["main.rs"])
            && folder.parent().is_some_and(|above| kind(above) && has_manifest(above.parent())))
}

/// The shortest circle of each crate, in words.
pub(super) fn circles(graphs: &[Graph]) -> Vec<String> {
    graphs.iter().filter_map(Graph::circle).collect()
}

impl Graph {
    /// Reads the crate that begins with the file `root`.
    fn new(root: &Path) -> Result<Self, String> {
        let mut graph = Self::default();
        let folder = root.parent().unwrap_or(Path::new(""));
        graph.load(root, folder, None)?;
        graph.add_methods();
        for module in 0..graph.modules.len() {
            let content = std::mem::take(&mut graph.modules[module].content);
            content.iter().for_each(|item| graph.visit(module, item));
        }
        Ok(graph)
    }

    /// Reads a file and all files below it. Its modules lie in `folder`.
    fn load(&mut self, path: &Path, folder: &Path, parent: Option<ModuleId>) -> Result<ModuleId, String> {
        let text = fs::read_to_string(tree::root().join(path)).map_err(|error| told(path, error))?;
        let parsed = syn::parse_file(&text).map_err(|error| told(path, error))?;
        self.files.push(path.to_owned());
        self.add_module(self.files.len() - 1, parsed.items, folder, parent)
    }

    fn add_module(
        &mut self,
        file: usize,
        items: Vec<Item>,
        folder: &Path,
        parent: Option<ModuleId>,
    ) -> Result<ModuleId, String> {
        let id = self.modules.len();
        self.modules.push(Module { file, parent, ..Module::default() });
        let items = items.into_iter().flat_map(|item| match item {
            // A macro around items, say `cfg_if!`.
            Item::Macro(of) if of.ident.is_none() => match wrapped(of.mac.tokens.clone()) {
                items if items.is_empty() => vec![Item::Macro(of)],
                items => items,
            },
            item => vec![item],
        });
        for item in items.filter(|item| !is_test(item)) {
            if let Item::Mod(module) = item {
                let name = plain(&module.ident);
                let below = folder.join(&name);
                let child = match module.content {
                    Some((_, items)) => self.add_module(file, items, &below, Some(id))?,
                    None => {
                        let files = [folder.join(format!("{name}.rs")), below.join("mod.rs")];
                        let Some(path) = files.iter().find(|path| tree::root().join(path).is_file()) else {
                            continue;
                        };
                        self.load(path, &below, Some(id))?
                    }
                };
                self.modules[id].children.insert(name, child);
                continue;
            }
            match &item {
                Item::Use(item) => self.modules[id].add_use(&mut Vec::new(), &item.tree),
                item => self.modules[id].items.extend(name(item)),
            }
            self.modules[id].content.push(item);
        }
        Ok(id)
    }

    fn add_methods(&mut self) {
        let mut methods = Vec::new();
        for (id, module) in self.modules.iter().enumerate() {
            for item in &module.content {
                let Item::Impl(item) = item else { continue };
                let Some(owner) = self.owner(id, item).filter(|_| item.trait_.is_none()) else { continue };
                for of in &item.items {
                    let name = match of {
                        ImplItem::Fn(method) => plain(&method.sig.ident),
                        ImplItem::Const(of) => plain(&of.ident),
                        _ => continue,
                    };
                    methods.push((owner.clone(), name, module.file));
                }
            }
        }
        for (owner, name, file) in methods {
            self.by_variable.entry(snake_case(&owner.1)).or_default().insert(owner.clone());
            self.methods.entry((owner, name)).or_default().insert(file);
        }
    }

    /// The type that an `impl` is for, if the crate defines it.
    fn owner(&self, module: ModuleId, item: &ItemImpl) -> Option<Owner> {
        let Type::Path(path) = &*item.self_ty else { return None };
        let segments: Vec<String> = path.path.segments.iter().map(|segment| plain(&segment.ident)).collect();
        match self.resolve(module, &segments, 0)? {
            Found::Item(owner, []) => Some(owner),
            _ => None,
        }
    }

    /// What `path` means in `module`.
    fn resolve<'a>(&self, module: ModuleId, path: &'a [String], depth: usize) -> Option<Found<'a>> {
        let mut module = module;
        let mut rest = path;
        while let Some((first, more)) = rest.split_first() {
            module = match first.as_str() {
                "crate" => 0,
                "self" => module,
                "super" => self.modules[module].parent?,
                _ => break,
            };
            rest = more;
        }
        loop {
            let here = &self.modules[module];
            let Some((first, more)) = rest.split_first() else { return Some(Found::Module) };
            match here.children.get(first) {
                Some(&child) if !more.is_empty() || !here.items.contains(first) => {
                    (module, rest) = (child, more)
                }
                _ if here.items.contains(first) => return Some(Found::Item((module, first.clone()), more)),
                _ => break,
            }
        }
        if depth > 8 {
            return None;
        }
        let here = &self.modules[module];
        let (first, more) = rest.split_first()?;
        let through = |path: &[String], more: &'a [String]| {
            let full = [path, more].concat();
            match self.resolve(module, &full, depth + 1)? {
                Found::Module => Some(Found::Module),
                // The segments behind the item are the last ones of `more`.
                Found::Item(owner, behind) => {
                    Some(Found::Item(owner, &more[more.len() - behind.len().min(more.len())..]))
                }
            }
        };
        if let Some(path) = here.names.get(first) {
            return through(path, more);
        }
        here.globs.iter().find_map(|glob| through(glob, rest))
    }

    /// Notes what `item` uses.
    fn visit(&mut self, module: ModuleId, item: &Item) {
        match item {
            Item::Use(item) if matches!(item.vis, Visibility::Inherited) => {
                let mut paths = Vec::new();
                leaves(&mut Vec::new(), &item.tree, &mut paths);
                let line = item.use_token.span.start().line;
                paths.iter().for_each(|path| self.note(module, path, line));
            }
            Item::Use(_) => {}
            Item::Impl(of) => {
                let owner = self.owner(module, of);
                self.scan(module, owner.as_ref(), item.to_token_stream());
            }
            item => self.scan(module, None, item.to_token_stream()),
        }
    }

    /// Notes the paths and the calls in `tokens`.
    fn scan(&mut self, module: ModuleId, of: Option<&Owner>, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let is = |at: usize, mark: char| matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
        let word = |at: usize| match trees.get(at) {
            Some(TokenTree::Ident(ident)) => Some(plain(ident)),
            _ => None,
        };
        let mut at = 0;
        while at < trees.len() {
            let start = at;
            at += 1;
            if let TokenTree::Group(group) = &trees[start] {
                self.scan(module, of, group.stream());
                continue;
            }
            let Some(first) = word(start) else { continue };
            let line = trees[start].span().start().line;
            if start > 0 && is(start - 1, '.') && !(start > 1 && is(start - 2, '.')) {
                let is_call = is(at, ':') || matches!(trees.get(at), Some(TokenTree::Group(_)));
                if let Some(variable) = word(start.wrapping_sub(2)).filter(|_| is_call) {
                    self.note_call(module, of, &variable, &first, line);
                }
                continue;
            }
            let mut path = vec![first];
            while is(at, ':') && is(at + 1, ':') {
                match (word(at + 2), trees.get(at + 2)) {
                    (Some(segment), _) => path.push(segment),
                    // `use super::a::{B, C}` in a function.
                    (None, Some(TokenTree::Group(group))) if group.delimiter() == Delimiter::Brace => {
                        for name in group.stream() {
                            if let TokenTree::Ident(name) = name {
                                self.note(module, &[&path[..], &[plain(&name)]].concat(), line);
                            }
                        }
                        break;
                    }
                    _ => break,
                }
                at += 3;
            }
            match (path.as_slice(), of) {
                ([of_self, method, ..], Some(owner)) if of_self == "Self" => {
                    self.note_method(module, owner, method, line)
                }
                _ => self.note(module, &path, line),
            }
        }
    }

    /// Notes a path.
    fn note(&mut self, module: ModuleId, path: &[String], line: usize) {
        let Some(Found::Item(owner, behind)) = self.resolve(module, path, 0) else { return };
        let method = behind.first().cloned();
        let to = self.modules[owner.0].file;
        self.note_use(module, to, line, &owner.1);
        if let Some(method) = method {
            self.note_method(module, &owner, &method, line);
        }
    }

    /// Notes a method that is called on a variable.
    fn note_call(&mut self, module: ModuleId, of: Option<&Owner>, variable: &str, method: &str, line: usize) {
        let owner = match variable {
            "self" => of.cloned(),
            _ => self
                .by_variable
                .get(variable)
                .filter(|owners| owners.len() == 1)
                .and_then(BTreeSet::first)
                .filter(|owner| self.can_name(module, owner))
                .cloned(),
        };
        if let Some(owner) = owner {
            self.note_method(module, &owner, method, line);
        }
    }

    /// Whether the name of a type means it in `module`.
    fn can_name(&self, module: ModuleId, owner: &Owner) -> bool {
        let path = [owner.1.clone()];
        matches!(self.resolve(module, &path, 0), Some(Found::Item(named, _)) if named == *owner)
    }

    /// Notes the call of an inherent method, if exactly one other file defines it.
    fn note_method(&mut self, module: ModuleId, owner: &Owner, method: &str, line: usize) {
        let Some(files) = self.methods.get(&(owner.clone(), method.to_owned())) else { return };
        if let (1, Some(&to)) = (files.len(), files.first()) {
            self.note_use(module, to, line, method);
        }
    }

    fn note_use(&mut self, module: ModuleId, to: usize, line: usize, name: &str) {
        let from = self.modules[module].file;
        if from != to {
            self.uses.entry((from, to)).or_insert_with(|| (line, name.to_owned()));
        }
    }

    /// The files that `file` uses, directly or not, each with the file before it on a shortest way.
    fn reached(&self, file: usize) -> BTreeMap<usize, usize> {
        let mut came_from = BTreeMap::new();
        let mut next = VecDeque::from([file]);
        while let Some(file) = next.pop_front() {
            for &(_, used) in self.uses.range((file, 0)..(file + 1, 0)).map(|(pair, _)| pair) {
                came_from.entry(used).or_insert_with(|| {
                    next.push_back(used);
                    file
                });
            }
        }
        came_from
    }

    /// The shortest circle in words, file by file.
    fn circle(&self) -> Option<String> {
        let way = |file: usize| {
            let came_from = self.reached(file);
            let mut way = vec![file, *came_from.get(&file)?];
            while way[way.len() - 1] != file {
                way.push(came_from[&way[way.len() - 1]]);
            }
            way.reverse();
            Some(way)
        };
        let way = (0..self.files.len()).filter_map(way).min_by_key(Vec::len)?;
        let uses = way.windows(2).map(|pair| {
            let (line, name) = &self.uses[&(pair[0], pair[1])];
            let [from, to] = [pair[0], pair[1]].map(|file| self.files[file].display());
            format!("\n    {from}:{line} names {name} of {to}")
        });
        Some(format!("{}: a circle of files{}", self.files[way[0]].display(), uses.collect::<String>()))
    }
}

impl Module {
    /// Adds the names that a `use` declares.
    fn add_use(&mut self, path: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(of) => {
                path.push(plain(&of.ident));
                self.add_use(path, &of.tree);
                path.pop();
            }
            UseTree::Name(of) if of.ident == "self" => {
                let name = path.last().cloned().unwrap_or_default();
                self.names.insert(name, path.clone());
            }
            UseTree::Name(of) => {
                let full = [&path[..], &[plain(&of.ident)]].concat();
                self.names.insert(plain(&of.ident), full);
            }
            UseTree::Rename(of) => {
                let full =
                    if of.ident == "self" { path.clone() } else { [&path[..], &[plain(&of.ident)]].concat() };
                self.names.insert(plain(&of.rename), full);
            }
            UseTree::Glob(_) => self.globs.push(path.clone()),
            UseTree::Group(of) => of.items.iter().for_each(|tree| self.add_use(path, tree)),
        }
    }
}

/// The items in `tokens`, or in its braces.
fn wrapped(tokens: TokenStream) -> Vec<Item> {
    match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => file.items,
        Err(_) => tokens.into_iter().flat_map(in_braces).collect(),
    }
}

fn in_braces(tree: TokenTree) -> Vec<Item> {
    match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => wrapped(group.stream()),
        _ => Vec::new(),
    }
}

/// The paths that a `use` names.
fn leaves(path: &mut Vec<String>, tree: &UseTree, found: &mut Vec<Vec<String>>) {
    match tree {
        UseTree::Path(of) => {
            path.push(plain(&of.ident));
            leaves(path, &of.tree, found);
            path.pop();
        }
        UseTree::Name(syn::UseName { ident }) | UseTree::Rename(syn::UseRename { ident, .. })
            if ident != "self" =>
        {
            found.push([&path[..], &[plain(ident)]].concat());
        }
        UseTree::Group(of) => of.items.iter().for_each(|tree| leaves(path, tree, found)),
        UseTree::Name(_) | UseTree::Rename(_) | UseTree::Glob(_) => {}
    }
}

/// The name that an item defines.
fn name(item: &Item) -> Option<String> {
    Some(plain(match item {
        Item::Const(of) => &of.ident,
        Item::Enum(of) => &of.ident,
        Item::Fn(of) => &of.sig.ident,
        Item::Macro(of) => of.ident.as_ref()?,
        Item::Static(of) => &of.ident,
        Item::Struct(of) => &of.ident,
        Item::Trait(of) => &of.ident,
        Item::Type(of) => &of.ident,
        Item::Union(of) => &of.ident,
        _ => return None,
    }))
}

/// Whether an item is there for tests only.
fn is_test(item: &Item) -> bool {
    let outer = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>()?;
        Ok(attrs)
    };
    let attrs = outer.parse2(item.to_token_stream()).unwrap_or_default();
    let is_test = |attr: &Attribute| attr.parse_args().is_ok_and(|cfg| holds_for_tests_only(&cfg));
    attrs.iter().any(|attr| attr.path().is_ident("cfg") && is_test(attr))
}

/// Whether a condition holds for no build without tests.
fn holds_for_tests_only(cfg: &Meta) -> bool {
    let Meta::List(list) = cfg else { return cfg.path().is_ident("test") };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
    match &list.path {
        path if path.is_ident("all") => parts.iter().any(holds_for_tests_only),
        path if path.is_ident("any") => !parts.is_empty() && parts.iter().all(holds_for_tests_only),
        _ => false,
    }
}

/// An identifier without `r#`.
fn plain(ident: &proc_macro2::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// `LeafTable` as a variable: `leaf_table`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for (at, letter) in name.chars().enumerate() {
        if at > 0 && letter.is_uppercase() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

fn told(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The graph of a crate of these files. The first one is its root.
    fn graph(name: &str, files: &[(&str, &str)]) -> Graph {
        let folder = tree::target().join("tidy/tests").join(format!("{name}-{}", std::process::id()));
        for (file, text) in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let graph = Graph::new(&folder.join(files[0].0)).unwrap();
        fs::remove_dir_all(folder).unwrap();
        graph
    }

    /// Whether the first file uses the second.
    fn uses(graph: &Graph, from: &str, to: &str) -> bool {
        let number = |name: &str| graph.files.iter().position(|file| file.ends_with(name)).unwrap();
        graph.uses.contains_key(&(number(from), number(to)))
    }

    #[test]
    fn conditions_for_tests_are_told_from_others() {
        let only = |cfg: &str| holds_for_tests_only(&syn::parse_str(cfg).unwrap());
        for cfg in ["test", "all(test, not(any(loom, shuttle)))", "any(test, all(loom, test))"] {
            assert!(only(cfg), "{cfg}");
        }
        for cfg in ["loom", "any(test, feature = \"check\")", "not(test)", "any()"] {
            assert!(!only(cfg), "{cfg}");
        }
    }

    #[test]
    fn names_lead_to_the_file_that_defines_them() {
        let graph = graph(
            "names",
            &[
                ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\npub use a::A;\nfn root() { c::c() }"),
                ("a.rs", "use crate::b;\npub struct A;\nfn f() { b::inner::deep(1) }"),
                ("b/mod.rs", "pub mod inner;\nuse super::*;\nconst N: A = A;"),
                ("b/inner.rs", "pub fn deep(x: u8) {}\n#[cfg(test)]\nmod tests { use crate::a::A; }"),
                ("c.rs", "use super::A as B;\npub fn c() { println!(\"{}\", crate::d::D) }"),
                ("d.rs", "pub const D: u8 = 1;\nfn f() { use super::b::{inner, inner::deep}; }"),
            ],
        );
        for (from, to) in [("lib.rs", "c.rs"), ("a.rs", "b/inner.rs"), ("c.rs", "a.rs"), ("c.rs", "d.rs")] {
            assert!(uses(&graph, from, to), "{from} {to}");
        }
        for (from, to) in
            [("lib.rs", "a.rs"), ("a.rs", "b/mod.rs"), ("b/inner.rs", "a.rs"), ("c.rs", "lib.rs")]
        {
            assert!(!uses(&graph, from, to), "{from} {to}");
        }
    }

    #[test]
    fn methods_lead_to_the_file_that_defines_them() {
        let graph = graph(
            "methods",
            &[
                ("lib.rs", "mod index;\nmod read;\nmod other;\nmod another;"),
                ("index.rs", "pub struct Index;\nimpl Index { fn new() { Self::made() } fn len(&self) {} }"),
                (
                    "read.rs",
                    "use crate::index::Index;\nimpl Index { fn get(&self) { self.len() } fn made() {} }",
                ),
                (
                    "other.rs",
                    "use crate::index::Index;\nfn f(index: &Index) { index.get(); g(..index.len); }",
                ),
                ("another.rs", "fn f(mut index: X) { index.get() }"),
            ],
        );
        assert!(uses(&graph, "index.rs", "read.rs") && uses(&graph, "read.rs", "index.rs"));
        assert!(uses(&graph, "other.rs", "read.rs") && !uses(&graph, "another.rs", "read.rs"));
        let text = graph.circle().unwrap();
        assert!(
            text.contains("index.rs:2 names made of ") && text.contains("read.rs:1 names Index of "),
            "{text}"
        );
    }
}
