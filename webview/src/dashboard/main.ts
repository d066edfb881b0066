/** The page of the dashboard. */
import { connectPage } from '../host/connectPage.ts';
import { DashboardPage } from './dashboardPage.ts';
import './dashboard.css';

const connection = connectPage((message) => {
  page.receive(message);
});
const page = new DashboardPage(connection);
document.body.append(page.root);
connection.announceReady();
