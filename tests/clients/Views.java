import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

/** Views URL: reads what each line of its input asks for through JDBC, and prints every row as
 * values that keep their type: NULL is \N, an instant microseconds, a double its bits. */
public class Views {
	static String text(String value) {
		return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
			.replace("\r", "\\r").replace("\u001f", "\\u");
	}

	static String value(ResultSet row, int i, String type) throws Exception {
		if (row.getObject(i) == null)
			return "\\N";
		switch (type) {
		case "timestamptz":
			Instant at = row.getObject(i, OffsetDateTime.class).toInstant();
			return "" + ChronoUnit.MICROS.between(Instant.EPOCH, at);
		case "float8":
			return "" + Double.doubleToLongBits((Double) row.getObject(i));
		case "int8":
			return "" + (Long) row.getObject(i);
		case "int4":
			return "" + (Integer) row.getObject(i);
		case "bool":
			return (Boolean) row.getObject(i) ? "true" : "false";
		case "date":
			return row.getObject(i, LocalDate.class).toString();
		case "_text":
			List<String> parts = new ArrayList<>();
			for (String part : (String[]) row.getArray(i).getArray())
				parts.add(part == null ? "\\N" : text(part));
			return String.join("\u001f", parts);
		case "text":
			return text((String) row.getObject(i));
		case "jsonb":
			return text(row.getString(i));
		default:
			throw new Exception("a column of type " + type);
		}
	}

	public static void main(String[] args) throws Exception {
		PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
		Scanner asked = new Scanner(System.in, StandardCharsets.UTF_8);
		try (Connection connection = DriverManager.getConnection(args[0]);
		     Statement statement = connection.createStatement()) {
			while (asked.hasNextLine()) {
				ResultSet row = statement.executeQuery(asked.nextLine());
				ResultSetMetaData columns = row.getMetaData();
				while (row.next()) {
					List<String> values = new ArrayList<>();
					for (int i = 1; i <= columns.getColumnCount(); i++)
						values.add(value(row, i, columns.getColumnTypeName(i)));
					out.println(String.join("\t", values));
				}
				out.println("\\.");
			}
		}
		out.flush();
	}
}
