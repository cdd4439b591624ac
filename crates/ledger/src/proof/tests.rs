use proptest::prelude::*;

use super::*;
use crate::tree::tests::{Disk, leaves, root_by_definition, vector_leaves};

#[test]
fn proofs_are_those_of_the_test_vectors() {
    let (disk, _) = Disk::grown(&vector_leaves(), 1);
    let mut tree = TiledTree::new(8, |tile| disk.read(tile));
    let text = |path: Vec<Hash>| path.iter().map(Hash::to_string).collect::<Vec<_>>();
    assert_eq!(
        text(consistency(&mut tree, 1, 8).unwrap()),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        text(consistency(&mut tree, 6, 8).unwrap()),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        text(consistency(&mut tree, 2, 5).unwrap()),
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]
    );
    assert_eq!(
        text(inclusion(&mut tree, 0, 8).unwrap()),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
}

fn roots(leaves: &[Hash]) -> Vec<Hash> {
    (0..=leaves.len())
        .map(|size| root_by_definition(&leaves[..size]))
        .collect()
}

fn at<T: Copy>(list: &[T], index: u64) -> T {
    list[usize::try_from(index).unwrap()]
}

#[test]
fn every_entry_of_every_tree_up_to_300_can_be_proved() {
    let all = leaves(300);
    let (roots, (disk, _)) = (roots(&all), Disk::grown(&all, 300));
    let mut tree = TiledTree::new(300, |tile| disk.read(tile));
    for size in 1..=300 {
        for index in 0..size {
            let path = inclusion(&mut tree, index, size).unwrap();
            verify_inclusion(at(&all, index), index, size, at(&roots, size), &path).unwrap();
            let elsewhere = (index + 1) % size;
            let wrong = verify_inclusion(at(&all, index), elsewhere, size, at(&roots, size), &path);
            assert_eq!(wrong.is_ok(), elsewhere == index);
        }
    }
}

#[test]
fn every_growth_up_to_300_can_be_proved() {
    let all = leaves(300);
    let (roots, (disk, _)) = (roots(&all), Disk::grown(&all, 7));
    let mut tree = TiledTree::new(300, |tile| disk.read(tile));
    for second in 0..=300 {
        for first in 0..=second {
            let path = consistency(&mut tree, first, second).unwrap();
            let (old, new) = ((first, at(&roots, first)), (second, at(&roots, second)));
            verify_consistency(old, new, &path).unwrap();
            let forged = Hash::of(b"another history");
            assert!(verify_consistency((first, forged), new, &path).is_err());
            assert_eq!(
                verify_consistency(old, (second, forged), &path).is_ok(),
                first == 0
            );
            let longer = [&path[..], &[forged]].concat();
            assert!(verify_consistency(old, new, &longer).is_err());
            if let Some((_, shorter)) = path.split_last() {
                assert!(verify_consistency(old, new, shorter).is_err());
            }
        }
    }
}

#[test]
fn impossible_numbers_have_no_proof() {
    let (disk, range) = Disk::grown(&leaves(9), 9);
    let mut tree = TiledTree::new(9, |tile| disk.read(tile));
    for (index, size) in [(9, 9), (0, 10), (0, 0), (u64::MAX, u64::MAX)] {
        assert!(matches!(
            inclusion(&mut tree, index, size),
            Err(TileError::Range { .. })
        ));
    }
    for (first, second) in [(3, 2), (1, 10), (0, u64::MAX)] {
        assert!(matches!(
            consistency(&mut tree, first, second),
            Err(TileError::Range { .. })
        ));
    }
    let root = range.root();
    assert_eq!(
        verify_inclusion(root, 1, 1, root, &[]),
        Err(ProofError::Impossible { part: 1, whole: 1 })
    );
    assert_eq!(
        verify_consistency((2, root), (1, root), &[]),
        Err(ProofError::Impossible { part: 2, whole: 1 })
    );
    assert!(verify_inclusion(root, u64::MAX - 1, u64::MAX, root, &[root; 64]).is_err());
}

proptest! {
    #[test]
    fn no_proof_panics_or_passes_by_chance(
        numbers in any::<(u64, u64)>(),
        path in proptest::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..70),
    ) {
        let root = Hash::of(b"root");
        let (index, size) = numbers;
        prop_assert!(verify_inclusion(Hash::of(b"leaf"), index, size, root, &path).is_err());
        if index > 0 {
            prop_assert!(verify_consistency((index, Hash::empty()), (size, root), &path).is_err());
        }
    }

    #[test]
    fn an_altered_proof_proves_nothing(index in 0..90_u64, at in 0..7_usize, byte in 0..32_usize) {
        let all = leaves(90);
        let (disk, range) = Disk::grown(&all, 90);
        let mut tree = TiledTree::new(90, |tile| disk.read(tile));
        let mut path = inclusion(&mut tree, index, 90).unwrap();
        let at = at % path.len();
        path[at].0[byte] ^= 1;
        let leaf = all[usize::try_from(index).unwrap()];
        prop_assert!(verify_inclusion(leaf, index, 90, range.root(), &path).is_err());
    }
}
