//! Which fits an ablation makes: [`Plan`].

use super::factor::Factor;
use super::task::Task;
use crate::error::{Error, Result};

/// How the words of several factors are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Design {
    /// One factor at a time is changed from the default.
    #[default]
    OneAtATime,
    /// Every combination.
    Grid,
}

/// A choice of every part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// One word for each of [`Factor::ALL`].
    pub words: [&'static str; 5],
}

/// The words of one factor that are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Words {
    factor: Factor,
    words: Vec<&'static str>,
}

/// The fits of an ablation: cells times seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is fitted.
    pub task: Task,
    /// How cells follow from words.
    pub design: Design,
    /// The choices; the first is the default of the task.
    pub cells: Vec<Cell>,
    /// The number of seeds.
    pub seeds: usize,
}

impl Cell {
    /// The default of `task`.
    #[must_use]
    pub fn default_of(task: Task) -> Self {
        Self { words: Factor::ALL.map(|factor| factor.words(task)[0]) }
    }

    /// The word of `factor`.
    #[must_use]
    pub const fn word(&self, factor: Factor) -> &'static str {
        self.words[factor as usize]
    }

    /// The same with another word for `factor`.
    #[must_use]
    pub fn with(&self, factor: Factor, word: &'static str) -> Self {
        let mut words = self.words;
        words[factor as usize] = word;
        Self { words }
    }

    /// What differs from `default`: `distance barycentric`, or `default`.
    #[must_use]
    pub fn label(&self, default: &Self) -> String {
        let differs = Factor::ALL.into_iter().filter(|f| self.word(*f) != default.word(*f));
        let parts: Vec<String> = differs.map(|f| format!("{f} {}", self.word(f))).collect();
        if parts.is_empty() { "default".to_owned() } else { parts.join(", ") }
    }
}

impl Plan {
    /// Puts the words that are asked for together. Without any, all words of every factor but the distribution are tried.
    ///
    /// # Errors
    /// `Setting` if a word is not known (it lists those that are), a list is empty, or there is no seed.
    pub fn new(task: Task, design: Design, asked: &[(Factor, Vec<String>)], seeds: usize) -> Result<Self> {
        if seeds == 0 {
            return Err(Error::setting("seeds", seeds, "at least 1"));
        }
        let lists = if asked.is_empty() {
            let usual = Factor::ALL.into_iter().filter(|factor| *factor != Factor::Distribution);
            usual.map(|factor| Words { factor, words: factor.words(task) }).collect()
        } else {
            asked.iter().map(|(factor, words)| known(task, *factor, words)).collect::<Result<Vec<_>>>()?
        };
        let default = Cell::default_of(task);
        let cells = match design {
            Design::OneAtATime => one_at_a_time(&default, &lists),
            Design::Grid => grid(&default, &lists),
        };
        Ok(Self { task, design, cells, seeds })
    }
}

fn known(task: Task, factor: Factor, words: &[String]) -> Result<Words> {
    if factor == Factor::Color && !task.draws_color {
        return Err(Error::setting("color", format!("the task {task}"), "a task that draws colors: pose"));
    }
    if words.is_empty() {
        return Err(Error::setting(factor.name(), "no word", "at least one"));
    }
    let words = words.iter().map(|word| factor.word(task, word)).collect::<Result<Vec<_>>>()?;
    Ok(Words { factor, words })
}

/// The default, then each word of each list that is another.
fn one_at_a_time(default: &Cell, lists: &[Words]) -> Vec<Cell> {
    let words = lists.iter().flat_map(|list| list.words.iter().map(move |word| (list.factor, *word)));
    distinct(default, words.map(|(factor, word)| default.with(factor, word)))
}

/// The default, then every combination that is another.
fn grid(default: &Cell, lists: &[Words]) -> Vec<Cell> {
    let mut cells = vec![default.clone()];
    for list in lists {
        let all =
            |cell: &Cell| list.words.iter().map(|word| cell.with(list.factor, word)).collect::<Vec<_>>();
        cells = cells.iter().flat_map(all).collect();
    }
    distinct(default, cells.into_iter())
}

fn distinct(default: &Cell, cells: impl Iterator<Item = Cell>) -> Vec<Cell> {
    let mut kept = vec![default.clone()];
    for cell in cells {
        if !kept.contains(&cell) {
            kept.push(cell);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lists: &[(Factor, &[&str])]) -> Vec<(Factor, Vec<String>)> {
        lists.iter().map(|(f, words)| (*f, words.iter().map(|w| (*w).to_owned()).collect())).collect()
    }

    fn labels(plan: &Plan) -> Vec<String> {
        plan.cells.iter().map(|cell| cell.label(&plan.cells[0])).collect()
    }

    #[test]
    fn one_factor_at_a_time_changes_one_word_and_names_it() {
        let lists = asked(&[
            (Factor::Distance, &["barycentric", "euclidean", "hard", "barycentric"]),
            (Factor::Loss, &["silhouette"]),
        ]);
        let plan = Plan::new(Task::POSE, Design::OneAtATime, &lists, 3).unwrap();
        assert_eq!(labels(&plan), ["default", "distance barycentric", "distance hard", "loss silhouette"]);
    }

    #[test]
    fn a_grid_has_every_combination_once_and_the_default_first() {
        let lists =
            asked(&[(Factor::Distance, &["barycentric", "hard"]), (Factor::Silhouette, &["or", "sum"])]);
        let plan = Plan::new(Task::DEFORM, Design::Grid, &lists, 1).unwrap();
        let expected = [
            "default",
            "distance barycentric",
            "distance barycentric, silhouette sum",
            "distance hard",
            "distance hard, silhouette sum",
        ];
        assert_eq!(labels(&plan), expected);
    }

    #[test]
    fn without_words_every_word_but_distributions_is_tried_once() {
        for task in [Task::POSE, Task::DEFORM] {
            let plan = Plan::new(task, Design::OneAtATime, &[], 3).unwrap();
            let usual = Factor::ALL.into_iter().filter(|f| *f != Factor::Distribution);
            let others: usize = usual.map(|f| f.words(task).len() - 1).sum();
            assert_eq!(plan.cells.len(), 1 + others, "{task}");
            assert_eq!(plan.cells[0], Cell::default_of(task));
        }
    }

    #[test]
    fn unknown_words_are_refused_with_those_that_are_known() {
        let refused = |task, lists: &[(Factor, &[&str])], seeds| {
            Plan::new(task, Design::OneAtATime, &asked(lists), seeds).unwrap_err().to_string()
        };
        let text = refused(Task::DEFORM, &[(Factor::Distance, &["euclid"])], 1);
        assert!(text.contains("\"euclid\"") && text.contains("euclidean, barycentric"), "{text}");
        assert!(refused(Task::DEFORM, &[(Factor::Color, &["over"])], 1).contains("pose"));
        assert!(refused(Task::POSE, &[(Factor::Loss, &[])], 1).contains("at least one"));
        assert!(refused(Task::POSE, &[], 0).contains("seeds"));
    }
}
