//! The macro that is not a procedural one.

/// Lists handlers by the names of their functions, for a worker that should not take every handler linked into the
/// program. A command handled twice in one list does not compile.
///
/// ```
/// use commandbus::prelude::*;
///
/// #[command(domain = "billing")]
/// #[derive(Serialize, Deserialize)]
/// struct CloseMonth {
///     month: String,
/// }
///
/// #[handler]
/// async fn close_month(command: CloseMonth) {
///     let _ = command.month;
/// }
///
/// let list = handlers![close_month];
/// assert_eq!(list.entries().len(), 1);
/// ```
#[macro_export]
macro_rules! handlers {
    ($($handlers:tt)*) => {
        $crate::__private::handlers!(($crate) $($handlers)*)
    };
}
