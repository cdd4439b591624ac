use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

/// The leaves of the test vectors of Certificate Transparency's own tree, and the roots of the first one, two, … of them.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

pub(crate) fn vector_leaves() -> Vec<Hash> {
    LEAVES
        .iter()
        .map(|leaf| Hash::leaf(&hex::decode(leaf).unwrap()))
        .collect()
}

pub(crate) fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| Hash::leaf(&index.to_be_bytes())).collect()
}

/// The definition of RFC 6962, section 2.1, word by word.
pub(crate) fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Hash::node(root_by_definition(left), root_by_definition(right))
        }
    }
}

/// Tiles as they lie on a disk: every name that was ever written, never changed.
#[derive(Default)]
pub(crate) struct Disk(HashMap<String, Vec<u8>>);

impl Disk {
    pub(crate) fn read(&self, tile: Tile) -> Result<Vec<u8>, String> {
        self.0
            .get(&tile.path())
            .cloned()
            .ok_or_else(|| "not there".to_owned())
    }

    fn write(&mut self, tiles: Vec<(Tile, Vec<u8>)>) {
        for (tile, bytes) in tiles {
            assert_eq!(
                tile.hashes(&bytes).map(|hashes| hashes.len()),
                Some(tile.width.into())
            );
            let before = self.0.insert(tile.path(), bytes.clone());
            assert!(
                before.is_none_or(|before| before == bytes),
                "{} changed",
                tile.path()
            );
        }
    }

    /// A tree that grew by so many leaves at a time.
    pub(crate) fn grown(leaves: &[Hash], step: usize) -> (Self, CompactRange) {
        let (mut disk, mut range) = (Self::default(), CompactRange::default());
        for batch in leaves.chunks(step) {
            let tiles = range
                .append_to_tiles(batch.iter().copied(), |tile| disk.read(tile))
                .unwrap();
            disk.write(tiles);
        }
        (disk, range)
    }
}

#[test]
fn roots_are_those_of_the_test_vectors() {
    let (mut range, mut nodes) = (CompactRange::default(), Vec::new());
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(range.root().to_string(), *root);
        assert_eq!(root_by_definition(&vector_leaves()[..size]).to_string(), *root);
        if let Some(leaf) = vector_leaves().get(size) {
            range.append(*leaf, &mut nodes);
        }
    }
    // Eight leaves and the seven nodes above them.
    assert_eq!(nodes.len(), 15);
}

#[test]
fn one_by_one_is_the_same_as_at_once() {
    let all = leaves(700);
    let (one_by_one, range) = Disk::grown(&all, 1);
    let (at_once, same) = Disk::grown(&all, 700);
    assert_eq!(range, same);
    assert_eq!(range.root(), root_by_definition(&all));
    for layer in Tile::hash_layers(700) {
        for tile in Tile::all(layer, 700) {
            assert_eq!(one_by_one.read(tile), at_once.read(tile), "{}", tile.path());
        }
    }
    let second: Vec<u8> = all
        .chunks(256)
        .take(2)
        .flat_map(|leaves| root_by_definition(leaves).0)
        .collect();
    assert_eq!(one_by_one.0["tile/1/000.p/2"], second);
}

#[test]
fn a_tree_goes_on_from_its_tiles() {
    let all = leaves(600);
    let (disk, _) = Disk::grown(&all, 100);
    let mut tree = TiledTree::new(600, |tile| disk.read(tile));
    for size in [0, 1, 255, 256, 257, 511, 512, 599, 600] {
        let range = tree.compact_range(size).unwrap();
        let cut = usize::try_from(size).unwrap();
        assert_eq!(
            (range.size(), range.root()),
            (size, root_by_definition(&all[..cut]))
        );
        assert_eq!(
            CompactRange::from_peaks(size, range.peaks().to_vec()),
            Some(range)
        );
        assert_eq!(tree.root(0, size).unwrap(), root_by_definition(&all[..cut]));
    }
    assert!(matches!(tree.compact_range(601), Err(TileError::Range { .. })));
    assert_eq!(CompactRange::from_peaks(3, vec![Hash::empty()]), None);
}

#[test]
fn unreadable_tiles_change_nothing() {
    let mut range = CompactRange::default();
    range
        .append_to_tiles(leaves(3), |_| Ok::<_, Infallible>(Vec::new()))
        .unwrap();
    let before = range.clone();
    assert!(matches!(
        range.append_to_tiles(leaves(1), |_| Err("gone")),
        Err(TileError::Read { .. })
    ));
    let short = range.append_to_tiles(leaves(1), |_| Ok::<_, Infallible>(vec![0; 95]));
    assert_eq!(
        short.unwrap_err().to_string(),
        "tile/0/000.p/3: 95 bytes are not 3 hashes"
    );
    assert_eq!(range, before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn however_a_tree_grows_it_is_the_same(size in 0..1500_u64, step in 1..400_usize) {
        let all = leaves(size);
        let (disk, range) = Disk::grown(&all, step);
        prop_assert_eq!(range.root(), root_by_definition(&all));
        let mut tree = TiledTree::new(size, |tile| disk.read(tile));
        prop_assert_eq!(tree.compact_range(size).unwrap(), range);
    }
}
