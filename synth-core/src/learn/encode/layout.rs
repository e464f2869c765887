//! Which coordinates and blocks of codes belong to which field.

/// The shape of encoded rows. Coordinates and blocks stand in the order of their fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    scale_fields: Vec<usize>,
    blocks: Vec<Block>,
}

/// One coded variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The field it belongs to.
    pub field_idx: usize,
    /// How many codes it has.
    pub n_levels: usize,
    /// What the codes say of the field.
    pub role: Role,
}

/// What a block's codes say of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Which level; the last code may mean missing.
    Levels,
    /// 1 where a value on a scale is missing, 0 where it is there.
    Missing,
}

impl Layout {
    /// The number of coordinates.
    pub fn n_scale(&self) -> usize {
        self.scale_fields.len()
    }

    /// For each coordinate its field.
    pub fn scale_fields(&self) -> &[usize] {
        &self.scale_fields
    }

    /// The blocks of codes.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The width of a row with every block written one-hot after the coordinates.
    pub fn width(&self) -> usize {
        self.n_scale() + self.blocks.iter().map(|b| b.n_levels).sum::<usize>()
    }

    /// Each block with the position of its first column in a one-hot row.
    pub fn one_hot(&self) -> impl Iterator<Item = (usize, &Block)> {
        let mut offset = self.n_scale();
        self.blocks.iter().map(move |block| {
            let start = offset;
            offset += block.n_levels;
            (start, block)
        })
    }

    /// The coordinate of a field on a scale.
    pub fn scale_of(&self, field_idx: usize) -> Option<usize> {
        self.scale_fields.iter().position(|&f| f == field_idx)
    }

    /// The block of a field with the given role.
    pub fn block_of(&self, field_idx: usize, role: Role) -> Option<usize> {
        self.blocks.iter().position(|b| b.field_idx == field_idx && b.role == role)
    }

    /// A layout of `n_scale` coordinates and blocks of the given sizes, each of a field of its own.
    pub fn of(n_scale: usize, block_sizes: &[usize]) -> Self {
        let mut layout = Self::default();
        (0..n_scale).for_each(|field_idx| layout.push_scale(field_idx, false));
        block_sizes.iter().enumerate().for_each(|(i, &n_levels)| layout.push_levels(n_scale + i, n_levels));
        layout
    }

    pub(super) fn push_scale(&mut self, field_idx: usize, missing: bool) {
        self.scale_fields.push(field_idx);
        if missing {
            self.blocks.push(Block { field_idx, n_levels: 2, role: Role::Missing });
        }
    }

    pub(super) fn push_levels(&mut self, field_idx: usize, n_levels: usize) {
        self.blocks.push(Block { field_idx, n_levels, role: Role::Levels });
    }
}
