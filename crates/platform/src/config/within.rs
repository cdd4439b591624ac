use super::Setting;

/// A whole number between two bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within<const LEAST: u32, const MOST: u32>(pub u32);

impl<const LEAST: u32, const MOST: u32> Setting for Within<LEAST, MOST> {
    const KIND: &'static str = "number";

    fn parse(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| (LEAST..=MOST).contains(number));
        number
            .map(Self)
            .ok_or_else(|| format!("must be a whole number from {LEAST} to {MOST}; got {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_within_their_bounds() {
        assert_eq!(Within::<1, 9>::parse("9"), Ok(Within(9)));
        for text in ["0", "10", "-1", "1.5", "many", ""] {
            let error = Within::<1, 9>::parse(text).expect_err(text);
            assert!(error.contains("from 1 to 9"), "{error}");
        }
    }
}
