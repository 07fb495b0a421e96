//! In and out: files of the field.
