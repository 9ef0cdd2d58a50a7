//! What the operator does with the log: months that need not be kept any more.

use jiff::civil::Date;

use super::Operator;
use crate::Error;

impl Operator {
    /// For how many years the log is kept by whoever keeps it longest.
    ///
    /// # Errors
    /// As any statement.
    pub async fn log_years(&self) -> Result<i32, Error> {
        let sql = "SELECT COALESCE(max(log_years), 6) FROM org.organization";
        Ok(self.client.query_one(sql, &[]).await.map_err(Error::from_postgres)?.get(0))
    }

    /// Lets go of the events of the month of this day, of all organizations; their leaves stay. That they are archived is
    /// the caller's to know.
    ///
    /// # Errors
    /// [`Error::Constraint`] and the like when the month is not six years old; as any statement.
    pub async fn let_go_of_month(&self, month: Date) -> Result<(), Error> {
        let done = self.client.execute("SELECT audit.let_go($1)", &[&month]).await;
        done.map(drop).map_err(Error::from_postgres)
    }
}
