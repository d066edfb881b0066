/**
 * The page of the dashboard, and of comparisons: charts and tables of both are one bundle. Which of the two it
 * is, the focus says.
 */
import { ComparePage } from '../compare/comparePage.ts';
import { connectPage } from '../host/connectPage.ts';
import { DashboardPage } from './dashboardPage.ts';
import './dashboard.css';
import '../compare/compare.css';

const connection = connectPage((message) => {
  const isComparison = message.kind === 'state' && message.focus.kind === 'compare';
  if (isComparison && page instanceof DashboardPage) {
    const comparison = new ComparePage(connection);
    page.root.replaceWith(comparison.root);
    page = comparison;
  }
  page.receive(message);
});
let page: DashboardPage | ComparePage = new DashboardPage(connection);
document.body.append(page.root);
connection.announceReady();
